import { FAULT_KINDS, type FaultKind } from "../cloud/injection";

/** A fault to inject: the affected call, and what goes wrong. */
export interface Fault {
  /** Part of the name of the calling role, function, task family or build project. */
  who: string;
  /** The signing name: `ecs`, `dynamodb`. */
  service: string;
  /** `UpdateService` */
  operation: string;
  /** The first and last of these calls to affect, counted from 1. */
  from: number;
  to: number;
  kind: FaultKind;
}

const FORM = /^(?<who>[^:=#\s]+):(?<service>[^:=#\s]+):(?<operation>[^:=#\s]+?)(?:#(?<calls>[^=]*))?=(?<kind>.*)$/;

const example = "storefront-deploy:ecs:UpdateService#2=answer-lost";

/**
 * Parses `<role or function>:<service>:<operation>#<which call>=<kind>`. Without a number, the first call is affected;
 * `#2-4` affects three successive calls.
 * @throws Error in one line that names the invalid part and the problem
 */
export function parseFault(text: string): Fault {
  const { who = "", service = "", operation = "", calls, kind = "" } = FORM.exec(text)?.groups ?? {};
  if (who === "")
    throw new Error(`${text}: write <role or function>:<service>:<operation>#<call>=<kind>, as in ${example}`);
  if (!isKind(kind))
    throw new Error(`${text}: ${kind || "(nothing)"} is no kind of fault; allowed: ${FAULT_KINDS.join(", ")}`);
  if (!/^[a-z0-9-]+$/.test(service))
    throw new Error(
      `${text}: ${service} is no service; write the name that requests are signed for, as ecs or dynamodb`,
    );
  if (!/^[A-Z][A-Za-z0-9]+$/.test(operation))
    throw new Error(`${text}: ${operation} is no operation; write it as AWS's API does, as UpdateService`);
  const [from, to] = readCalls(text, calls);
  return { who, service, operation, from, to, kind };
}

function readCalls(text: string, calls = "1"): [from: number, to: number] {
  const [, first = "", last = first] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(calls) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === "" || from < 1 || to < from)
    throw new Error(`${text}: #${calls} is no call; write #2 for the second one, or #2-4 for the second to the fourth`);
  return [from, to];
}

const isKind = (kind: string): kind is FaultKind => FAULT_KINDS.some((it) => it === kind);

/** Formats a fault for {@link parseFault}. */
export function formatFault({ who, service, operation, from, to, kind }: Fault): string {
  const calls = to > from ? `#${from}-${to}` : from > 1 ? `#${from}` : "";
  return `${who}:${service}:${operation}${calls}=${kind}`;
}
