import type { PullRequestRecord } from "./pullRequestRecord.ts";

/** When a pull request was requested, and the id of the record that requested it. */
export interface Marker {
  requestedAt: string;
  id: string;
}

/** Matches the last marker in the body: people may have edited the text above it. */
const MARKER = /^(.*)<!-- slipway requestedAt=(\S+) id=([0-9a-f]+) -->/s;

/**
 * The pull request's body.
 * @param github base URL of the source repositories: `https://github.com`
 */
export function bodyOf(record: PullRequestRecord, github: string): string {
  const { service, environment, image, repository, revision, build, buildNumber, actor } = record;
  const source = `${repository}@${revision.slice(0, 12)}`;
  // Only commits have a page.
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

/** The body with its marker replaced by the record's. */
export function markAgain(body: string, record: Marker): string {
  return MARKER.test(body)
    ? body.replace(MARKER, `$1${markerText(record)}`)
    : `${body.trimEnd()}\n\n${markerText(record)}\n`;
}

/** An HTML comment: GitHub keeps it but does not show it. */
function markerText({ requestedAt, id }: Marker): string {
  return `<!-- slipway requestedAt=${requestedAt} id=${id} -->`;
}

/** Inline code: Markdown creates no links or mentions in it. */
function code(text: string): string {
  return `\`${text.replace(/[`\r\n]/g, "")}\``;
}

function plain(text: string): string {
  return text.replace(/[^\w.#-]/g, "");
}

/** URL of the build, with the characters that would end a Markdown link escaped. */
function pageOf(build: string | undefined): string | undefined {
  const url = build !== undefined && URL.canParse(build) ? new URL(build) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol)
    ? url.href.replace(/[()<>]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    : undefined;
}
