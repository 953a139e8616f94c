import { failure } from "../shared/failure";
import { DELIMITER, FLUSH, type Packet, packet } from "./packets";

/** The commit of each branch, by the branch's name without `refs/heads/`. */
export type BranchHeads = Map<string, string>;

const HEADS = "refs/heads/";

/**
 * Parses the answer of `info/refs`.
 * @returns the branches if the server speaks protocol version 0 or 1; undefined for version 2, where {@link lsRefs}
 * asks for them
 * @throws Failure if the answer is not an advertisement, with the server's own message if it has one
 */
export function readAdvertisement(packets: Packet[]): BranchHeads | undefined {
  const lines = linesOf(packets);
  // Over HTTP a service line may come first: https://git-scm.com/docs/gitprotocol-http
  const [first = "", ...rest] = lines[0]?.startsWith("# service=") ? lines.slice(1) : lines;
  if (first === "version 2") {
    return undefined;
  }
  const references = first === "version 1" ? rest : [first, ...rest];
  // An empty repository advertises only this line.
  if (!/^[0-9a-f]{40,} \S/.test(references[0] ?? "")) {
    throw failure("SystemUnavailable", "its answer is not a git reference advertisement");
  }
  return headsIn(references.map((line) => line.split("\0")[0] ?? ""));
}

/** Requests only these branches, in version 2 of the protocol. https://git-scm.com/docs/gitprotocol-v2#_ls_refs */
export function lsRefs(branches: string[]): string {
  const prefixes = branches.map((branch) => packet(`ref-prefix ${HEADS}${branch}\n`));
  return [packet("command=ls-refs\n"), DELIMITER, ...prefixes, FLUSH].join("");
}

/** Parses the answer to {@link lsRefs}. It may have other branches: prefixes are a hint, and match longer names. */
export function readReferences(packets: Packet[]): BranchHeads {
  return headsIn(linesOf(packets));
}

function headsIn(references: string[]): BranchHeads {
  const heads: BranchHeads = new Map();
  for (const reference of references) {
    // Ends only at an ASCII space: branch names may contain other white space, and must not be cut to `main`.
    const [, commit, branch] = /^([0-9a-f]+) refs\/heads\/([^ ]+)/.exec(reference) ?? [];
    if (commit !== undefined && branch !== undefined) {
      heads.set(branch, commit);
    }
  }
  return heads;
}

function linesOf(packets: Packet[]): string[] {
  const lines = packets.flatMap((it) => (it.kind === "line" ? [it.text] : []));
  const refusal = lines.find((line) => line.startsWith("ERR "));
  if (refusal !== undefined) {
    throw failure("SystemUnavailable", `it rejected the request: ${refusal.slice("ERR ".length, 300)}`);
  }
  return lines;
}
