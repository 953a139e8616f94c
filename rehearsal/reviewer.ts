import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createLocalServer, createToken } from "./loopback";
import type { ScenarioContext } from "./scenarios/scenarioContext";
import { answerApproval, asksForApproval, waitingApproval } from "./scenarios/steps/approvals";

/** Where people answer pending approvals, as in the console: `curl -X POST …/approve`. */
export interface Reviewer {
  /** Contains a random token, so that no web page can approve. */
  url: string;
  close(): void;
}

const answers = { "/approve": "Approved", "/reject": "Rejected" } as const;

/** Resolves with undefined if the stack's pipeline needs no approval. */
export async function startReviewer(context: ScenarioContext): Promise<Reviewer | undefined> {
  if (!(await asksForApproval(context))) return undefined;
  const token = createToken();
  const server = createLocalServer({ token }, (request, response) => {
    review(context, request)
      .catch((error: Error) => ({ status: 409, text: error.message }))
      .then(({ status, text }) => response.writeHead(status, { "content-type": "text/plain" }).end(`${text}\n`));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function review(
  context: ScenarioContext,
  { method, url = "/" }: IncomingMessage,
): Promise<{ status: number; text: string }> {
  const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
  if (!isAnswer(pathname)) return { status: 404, text: `There are ${Object.keys(answers).join(" and ")}.` };
  if (method !== "POST") return { status: 405, text: `${pathname} takes POST.` };
  const waiting = await waitingApproval(context);
  await answerApproval(context, waiting, answers[pathname], searchParams.get("reason") ?? "by hand");
  return { status: 200, text: `${waiting.version} is ${answers[pathname].toLowerCase()}.` };
}

const isAnswer = (path: string): path is keyof typeof answers => Object.hasOwn(answers, path);
