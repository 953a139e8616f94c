import type { PullRequestRecord } from "./record.ts";

/** When a pull request was asked for, and by which record. */
export interface Marker {
  requestedAt: string;
  id: string;
}

/** The last one, behind all else: what stands above it is not the task's alone. */
const MARKER = /^(.*)<!-- slipway requestedAt=(\S+) id=([0-9a-f]+) -->/s;

/**
 * The pull request's text.
 * @param github where the source repository is: `https://github.com`
 */
export function bodyOf(record: PullRequestRecord, github: string): string {
  const { service, environment, image, repository, revision, build, buildNumber, actor } = record;
  const source = `${repository}@${revision.slice(0, 12)}`;
  // A version that is no commit has no page.
  const isCommit = /^[0-9a-f]{40}$/.test(revision) && /^[\w.-]+\/[\w.-]+$/.test(repository);
  const page = pageOf(build);
  const rows = [
    ["Service", code(service)],
    ["Environment", code(environment)],
    ["Image", code(image)],
    ["Commit", isCommit ? `[${source}](${github}/${repository}/commit/${revision})` : code(source)],
    ...(page === undefined
      ? []
      : [["Build", buildNumber === undefined ? `<${page}>` : `[${plain(buildNumber)}](${page})`]]),
    ...(actor === undefined ? [] : [["Triggered by", code(actor)]]),
  ];
  return `${rows.map(([name, value]) => `- **${name}:** ${value}`).join("\n")}\n\n${markerText(record)}\n`;
}

export function markerOf(body: string): Marker | undefined {
  const [, , requestedAt, id] = MARKER.exec(body) ?? [];
  return requestedAt === undefined || id === undefined ? undefined : { requestedAt, id };
}

/** The body with the record's marker in the place of its own. */
export function markAgain(body: string, record: Marker): string {
  return MARKER.test(body)
    ? body.replace(MARKER, `$1${markerText(record)}`)
    : `${body.trimEnd()}\n\n${markerText(record)}\n`;
}

/** A comment of HTML, which GitHub keeps and does not show. */
function markerText({ requestedAt, id }: Marker): string {
  return `<!-- slipway requestedAt=${requestedAt} id=${id} -->`;
}

/** Text that Markdown leaves as it is: no link, and nobody is mentioned. */
function code(text: string): string {
  return `\`${text.replace(/[`\r\n]/g, "")}\``;
}

function plain(text: string): string {
  return text.replace(/[^\w.#-]/g, "");
}

/** The build's address, with all that would end a link in Markdown escaped. */
function pageOf(build: string | undefined): string | undefined {
  const url = build !== undefined && URL.canParse(build) ? new URL(build) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol)
    ? url.href.replace(/[()<>]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    : undefined;
}
