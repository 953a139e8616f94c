import { malformed, payloads } from "./payloads";
import { type ForgeName, PROOF_HEADER, proofOf } from "./proofs";
import type { Random, Target } from "./target";

/** API Gateway's request to a function, in payload format 2.0. */
export interface ApiRequest {
  version: "2.0";
  rawPath: string;
  headers: Record<string, string>;
  requestContext: { timeEpoch: number };
  body?: string;
  isBase64Encoded: boolean;
}

export interface GeneratedDelivery {
  event: ApiRequest;
  /** Whether it proves that its sender has the secret. */
  genuine: boolean;
  /** Its modifications, for the report: `github, wrong secret, truncated`. */
  what: string;
}

/** A random item. */
const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

const chance = (random: Random, share: number): boolean => random() < share;

const NOW = Date.UTC(2026, 0, 5, 12);

/** Proofs that a sender without the secret may try. */
const forgeries: Record<string, (proof: string, random: Random) => string | undefined> = {
  "no proof": () => undefined,
  "empty proof": () => "",
  "short proof": (proof, random) => proof.slice(0, Math.floor(random() * (proof.length - 1))),
  "long proof": (proof) => proof + proof,
  "proof twice": (proof) => `${proof}, ${proof}x`,
  "no hexadecimal": (proof) => `sha256=${"g".repeat(proof.length)}`,
  "another algorithm": () => "sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709",
  "prototype's name": () => "__proto__",
  "not ASCII": () => "sha256=ключ\u0000",
  huge: () => "a".repeat(8_000),
};

const types = [
  "application/json",
  "application/json; charset=utf-8",
  "APPLICATION/JSON",
  "application/x-www-form-urlencoded",
  "text/plain",
  "multipart/form-data; boundary=x",
  "",
  "constructor",
];

const events: Record<ForgeName, string> = {
  github: "x-github-event",
  gitlab: "x-gitlab-event",
  bitbucket: "x-event-key",
  gitee: "x-gitee-event",
};

const pushEvents: Record<ForgeName, string> = {
  github: "push",
  gitlab: "Push Hook",
  bitbucket: "repo:push",
  gitee: "Push Hook",
};

const oddEvents = ["ping", "", "__proto__", "constructor", "push\npush", "PUSH", "x".repeat(5_000), "Tag Push Hook"];

/** The forge's headers, some of them odd or missing. */
function headersOf(forge: ForgeName, random: Random): Record<string, string> {
  const guid = "8b5f2a80-5f2c-11ef-9c1d-2b0d4e8f7a11";
  const headers: Record<string, string> = {
    "content-type": chance(random, 0.8) ? "application/json" : pick(random, types),
    [events[forge]]: chance(random, 0.8) ? pushEvents[forge] : pick(random, oddEvents),
    "x-github-delivery": guid,
    "idempotency-key": guid,
    "x-gitlab-webhook-uuid": guid,
    "x-request-uuid": guid,
    "x-attempt-number": "1",
    "x-gitee-timestamp": String(NOW),
  };
  if (chance(random, 0.1)) delete headers[pick(random, Object.keys(headers))];
  if (chance(random, 0.1))
    headers[pick(random, Object.keys(headers))] = pick(random, [
      "",
      "null",
      "\ud800",
      "1e400",
      "-1",
      "[object Object]",
    ]);
  if (chance(random, 0.05)) for (let i = 0; i < 50; i += 1) headers[`x-${i}`] = "x".repeat(100);
  return headers;
}

/** A delivery, unchanged or with an error. The same random numbers give the same delivery. */
export function generateDelivery(targets: readonly Target[], random: Random): GeneratedDelivery {
  const target = pick(random, targets);
  const { forge, secret, path } = target;
  const [payload, make] = pick(random, Object.entries(payloads));
  const text = make(target, random);
  const [damage, spoil] = chance(random, 0.6) ? ["whole", (it: string) => it] : pick(random, Object.entries(malformed));
  const body = Buffer.from(spoil(text, random), "utf8");
  const headers = headersOf(forge, random);
  const proof = proofOf(forge, secret, body, Number(headers["x-gitee-timestamp"]));
  const [forgery, isGenuine] = prove(headers, target, targets, proof, random);
  const isBinary = chance(random, 0.2);
  const isElsewhere = chance(random, 0.03);
  return {
    event: {
      version: "2.0",
      rawPath: isElsewhere
        ? pick(random, ["/webhooks/__proto__", "/webhooks/constructor", "/", "/webhooks/", `${path}/x`])
        : path,
      headers,
      requestContext: { timeEpoch: NOW },
      ...(body.length === 0 && chance(random, 0.5) ? {} : { body: body.toString(isBinary ? "base64" : "utf8") }),
      isBase64Encoded: isBinary,
    },
    genuine: isGenuine && !isElsewhere,
    what: [forge, payload, damage, forgery, ...(isElsewhere ? ["another path"] : [])].join(", "),
  };
}

/** Puts a proof into the headers. @returns its kind, and whether it is valid */
function prove(
  headers: Record<string, string>,
  { forge, secret }: Target,
  targets: readonly Target[],
  proof: string,
  random: Random,
): [what: string, genuine: boolean] {
  const name = PROOF_HEADER[forge];
  if (chance(random, 0.4)) {
    headers[name] = proof;
    // Gitee's signature only counts together with a time within an hour.
    return ["signed", forge !== "gitee" || headers["x-gitee-timestamp"] === String(NOW)];
  }
  if (chance(random, 0.2)) {
    const other = targets.find((it) => it.secret !== secret);
    headers[name] = proofOf(forge, chance(random, 0.5) ? (other?.secret ?? "x") : `${secret}x`, Buffer.from("{}"), NOW);
    return ["another secret", false];
  }
  const [what, forgeProof] = pick(random, Object.entries(forgeries));
  const value = forgeProof(proof, random);
  if (value !== undefined) headers[name] = value;
  return [what, false];
}
