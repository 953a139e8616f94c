import type { Random, Target } from "./target";

const COMMIT = "0fa1e2f8ffa49e5a4e8f8e1e8c0f2c7f3b1a5d6e";
const FORMER = "9c1d2b0d4e8f7a110fa1e2f8ffa49e5a4e8f8e1e";
const PUSHED = 1_767_614_399;

/** The forge's payload for a push to main, with the fields that slipway reads. */
function push({ forge, repository }: Target): Record<string, unknown> {
  const [owner, name] = repository.split("/");
  const reference = { type: "branch", name: "main", target: { hash: COMMIT, date: "2026-01-05T11:59:59+00:00" } };
  switch (forge) {
    case "github":
      return {
        ref: "refs/heads/main",
        before: FORMER,
        after: COMMIT,
        deleted: false,
        repository: { full_name: repository, pushed_at: PUSHED },
      };
    case "gitlab":
      return {
        object_kind: "push",
        ref: "refs/heads/main",
        before: FORMER,
        after: COMMIT,
        checkout_sha: COMMIT,
        project: { path_with_namespace: repository },
        commits: [{ id: COMMIT, timestamp: "2026-01-05T11:59:59+00:00" }],
      };
    case "bitbucket":
      return {
        repository: { full_name: repository },
        push: { changes: [{ new: reference, old: { ...reference, target: { hash: FORMER } }, closed: false }] },
      };
    case "gitee":
      return {
        hook_name: "push_hooks",
        ref: "refs/heads/main",
        before: FORMER,
        after: COMMIT,
        deleted: false,
        repository: { full_name: repository, path_with_namespace: repository, namespace: owner, path: name },
        head_commit: { id: COMMIT, timestamp: "2026-01-05T19:59:59+08:00" },
      };
  }
}

const oddValues: unknown[] = [
  null,
  "",
  0,
  -1,
  true,
  [],
  {},
  [[]],
  1e308,
  2 ** 53,
  "__proto__",
  "refs/heads/",
  "refs/tags/v1",
  `refs/heads/${"x".repeat(3_000)}`,
  "\ud800",
  "0".repeat(40),
  "0".repeat(39),
  "../../x",
  { constructor: null },
];

/** All paths to members of a value. */
function paths(value: unknown, path: string[] = []): string[][] {
  if (value === null || typeof value !== "object") return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => paths(item, [...path, key]))];
}

/** A copy with the member at a path replaced; undefined removes it. */
function replaced(value: unknown, [key, ...rest]: string[], change: unknown): unknown {
  if (key === undefined) return change;
  const copy: Record<string, unknown> = Array.isArray(value)
    ? (value.slice() as unknown as Record<string, unknown>)
    : { ...(value as object) };
  const next = replaced(copy[key], rest, change);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy;
}

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

/** JSON bodies, by content. */
export const payloads: Record<string, (target: Target, random: Random) => string> = {
  push: (target) => JSON.stringify(push(target)),
  "another branch": (target) => JSON.stringify(push(target)).replaceAll("main", "other"),
  "another repository": (target) => JSON.stringify(push({ ...target, repository: "acme/other" })),
  "a deleted branch": (target) => JSON.stringify(push(target)).replaceAll(COMMIT, "0".repeat(40)),
  "an odd member": (target, random) => {
    const value = push(target);
    return JSON.stringify(replaced(value, pick(random, paths(value).slice(1)), pick(random, oddValues)));
  },
  "a member less": (target, random) => {
    const value = push(target);
    return JSON.stringify(replaced(value, pick(random, paths(value).slice(1)), undefined));
  },
  "prototype's keys": (target) =>
    JSON.stringify(push(target)).replace("{", '{"__proto__":{"ref":"x"},"constructor":{"prototype":{}},"toString":1,'),
  "huge numbers": (target) =>
    JSON.stringify(push(target)).replace("{", '{"n":1e400,"m":-1e400,"i":123456789012345678901234567890,"f":1e-400,'),
  "huge times": (target, random) =>
    JSON.stringify(push(target))
      .replaceAll(String(PUSHED), pick(random, ["1e400", "-1", "8.64e15", "8640000000001", '"x"']))
      .replaceAll("2026-01-05T", pick(random, ["999999-01-01T", "", "0000-00-00T"])),
  "keys twice": (target) => JSON.stringify(push(target)).replace("{", '{"ref":"refs/heads/x","repository":null,'),
  nesting: (_, random) => {
    const depth = Math.floor(random() * 20_000);
    return "[".repeat(depth) + "]".repeat(depth);
  },
  "no object": (_, random) => pick(random, ["null", "1", '"push"', "[]", "true", "[null]", "{}"]),
  "many changes": (target) => {
    const value = push(target);
    const changes = (value.push as { changes?: unknown[] } | undefined)?.changes ?? [];
    return JSON.stringify({ ...value, push: { changes: Array(20).fill(changes[0] ?? null) } });
  },
};

/** Ways to damage a forge's JSON body. */
export const malformed: Record<string, (text: string, random: Random) => string> = {
  truncated: (text, random) => text.slice(0, Math.floor(random() * text.length)),
  empty: () => "",
  "a byte order mark": (text) => `\ufeff${text}`,
  "a character changed": (text, random) => {
    const place = Math.floor(random() * text.length);
    return text.slice(0, place) + pick(random, ['"', "}", "\u0000", "\ud800", ",", "\\"]) + text.slice(place + 1);
  },
  "something behind it": (text) => `${text}x`,
  "JSON twice": (text) => text + text,
  "a form": (text) => new URLSearchParams({ payload: text }).toString(),
  "a form without payload": (text) => new URLSearchParams({ other: text }).toString(),
  "a broken form": (text) => `payload=%zz${text}&payload=&__proto__=1`,
};
