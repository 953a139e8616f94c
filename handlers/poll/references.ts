import { failure } from "../shared/failure";
import { DELIMITER, FLUSH, type Packet, packet } from "./packets";

/** The commit that each branch is at, by the branch's name without `refs/heads/`. */
export type BranchHeads = Map<string, string>;

const HEADS = "refs/heads/";

/**
 * Reads what `info/refs` answers.
 * @returns the branches, of a server that speaks version 0 or 1 of the protocol; undefined where it speaks version 2, in which
 * they are asked for by {@link lsRefs}
 * @throws Failure for what is no advertisement, in the server's own words if it has any
 */
export function readAdvertisement(packets: Packet[]): BranchHeads | undefined {
  const lines = linesOf(packets);
  // Over HTTP the service may be announced first: https://git-scm.com/docs/gitprotocol-http
  const [first = "", ...rest] = lines[0]?.startsWith("# service=") ? lines.slice(1) : lines;
  if (first === "version 2") {
    return undefined;
  }
  const references = first === "version 1" ? rest : [first, ...rest];
  // An empty repository advertises no reference but this line.
  if (!/^[0-9a-f]{40,} \S/.test(references[0] ?? "")) {
    throw failure("SystemUnavailable", "its answer is no advertisement of git's references");
  }
  return headsIn(references.map((line) => line.split("\0")[0] ?? ""));
}

/** Asks for these branches alone, in version 2 of the protocol. https://git-scm.com/docs/gitprotocol-v2#_ls_refs */
export function lsRefs(branches: string[]): string {
  const prefixes = branches.map((branch) => packet(`ref-prefix ${HEADS}${branch}\n`));
  return [packet("command=ls-refs\n"), DELIMITER, ...prefixes, FLUSH].join("");
}

/** Reads what {@link lsRefs} is answered: prefixes match more branches than were asked for, and are a hint only. */
export function readReferences(packets: Packet[]): BranchHeads {
  return headsIn(linesOf(packets));
}

function headsIn(references: string[]): BranchHeads {
  const heads: BranchHeads = new Map();
  for (const reference of references) {
    // Up to ASCII's space: git allows every other one in a branch's name, and `main` is not what goes on after such a one.
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
    throw failure("SystemUnavailable", `it refuses: ${refusal.slice("ERR ".length, 300)}`);
  }
  return lines;
}
