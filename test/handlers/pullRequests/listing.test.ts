import { expect } from "chai";
import { encodePlace, type ListQuery, listRecords, readListing } from "../../../handlers/pullRequests/listing";
import { newRecord } from "../../../handlers/pullRequests/record";
import { createRecord, moveRecord, type PullRequestTable } from "../../../handlers/pullRequests/store";
import { PULL_REQUESTS, startPullRequestTable } from "../../callbacks/pullRequestTable";
import type { Table } from "../../callbacks/table";

const NOW = Date.parse("2026-01-05T10:00:00.000Z");
const ATTEMPT = "11111111-2222-4333-8444-555555555555";
const ID = "0123456789abcdef0123456789abcdef";

const FOLDER = "at most 100 lower-case letters, digits and . _ -, starting and ending with a letter or digit";
const next = encodePlace({ id: ID, requestedAt: "2026-01-05T10:00:00.000Z" });

describe("listing of pull requests: its query", () => {
  const wanted: [string, Record<string, string>, Partial<ListQuery>][] = [
    ["nothing", {}, {}],
    ["a service", { service: "storefront" }, { service: "storefront" }],
    ["a state", { state: "opened" }, { state: "opened" }],
    ["the smallest page", { limit: "1" }, { limit: 1 }],
    ["the largest page", { limit: "100" }, { limit: 100 }],
    ["a next page", { next }, { after: { id: ID, requestedAt: "2026-01-05T10:00:00.000Z" } }],
  ];
  for (const [what, parameters, query] of wanted) {
    it(`with ${what} is taken`, () => {
      const all = { service: undefined, state: undefined, limit: 20, after: undefined, ...query };
      expect(readListing(parameters)).to.deep.equal({ kind: "wanted", query: all });
    });
  }

  const LIMIT = "limit is malformed, expected a number from 1 to 100";
  const NEXT = "next is malformed, expected the value of next from the previous page";
  const place = (text: string) => Buffer.from(text).toString("base64url");
  const refused: [Record<string, string>, string, string][] = [
    [{ page: "2" }, "page", "unknown query parameter; allowed: service, state, limit, next"],
    [{ service: "../basket" }, "service", `service is malformed, expected a service's name: ${FOLDER}`],
    [{ service: "" }, "service", `service is malformed, expected a service's name: ${FOLDER}`],
    [{ state: "open" }, "state", "state is malformed, expected one of requested, running, opened, unchanged, failed"],
    [
      { state: "opened,failed" },
      "state",
      "state is malformed, expected one of requested, running, opened, unchanged, failed",
    ],
    [{ limit: "0" }, "limit", LIMIT],
    [{ limit: "101" }, "limit", LIMIT],
    [{ limit: "1e1" }, "limit", LIMIT],
    [{ limit: "" }, "limit", LIMIT],
    [{ next: "" }, "next", NEXT],
    [{ next: "page 2" }, "next", NEXT],
    [{ next: place(`2026-01-05T10:00:00.000Z/${ID}0`) }, "next", NEXT],
    [{ next: place(`2026-01-05/${ID}`) }, "next", NEXT],
  ];
  for (const [parameters, field, reason] of refused) {
    it(`${JSON.stringify(parameters)} is refused`, () => {
      expect(readListing(parameters)).to.deep.equal({ kind: "refused", field, reason });
    });
  }
});

describe("listing of pull requests: its pages", () => {
  let stored: Table;
  let table: PullRequestTable;

  /** Every third record is the basket's, every second has failed. Two at a time are asked for in one millisecond. */
  before(async () => {
    stored = await startPullRequestTable();
    table = { dynamo: stored.dynamo, table: PULL_REQUESTS };
    for (let index = 0; index < 12; index += 1) {
      const revision = index.toString(16).padStart(40, "0");
      const service = index % 3 === 0 ? "basket" : "storefront";
      const change = { service, environment: "dev", revision, image: `${service}:v${index}`, repository: "acme/x" };
      const record = newRecord(change, ATTEMPT, NOW + Math.floor(index / 2));
      await createRecord(table, record);
      if (index % 2 === 0) {
        await moveRecord(table, record, "failed", { cause: "died" }, NOW + 60_000);
      }
    }
  });
  after(() => stored.close());

  /** The images' versions, page by page. */
  const pagesOf = async (query: ListQuery): Promise<number[][]> => {
    const pages: number[][] = [];
    let after = query.after;
    do {
      const page = await listRecords(table, { ...query, after });
      pages.push(page.records.map(({ image }) => Number(image.split(":v")[1])));
      after = page.next;
    } while (after !== undefined && pages.length < 20);
    return pages;
  };
  /** Milliseconds in which they were asked for. */
  const times = (pages: number[][]) => pages.map((page) => page.map((version) => Math.floor(version / 2)));

  const lists: [string, ListQuery, number[][]][] = [
    ["all in one page", { limit: 20 }, [[5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0]]],
    ["exactly one page", { limit: 12 }, [[5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0]]],
    [
      "pages that end within a millisecond",
      { limit: 5 },
      [
        [5, 5, 4, 4, 3],
        [3, 2, 2, 1, 1],
        [0, 0],
      ],
    ],
    ["a service", { service: "basket", limit: 3 }, [[4, 3, 1], [0]]],
    ["another service", { service: "storefront", limit: 20 }, [[5, 5, 4, 3, 2, 2, 1, 0]]],
    ["a service that is not there", { service: "stock", limit: 20 }, [[]]],
    [
      "a state",
      { state: "failed", limit: 4 },
      [
        [5, 4, 3, 2],
        [1, 0],
      ],
    ],
    ["a state that is not there", { state: "opened", limit: 4 }, [[]]],
    ["a service and a state", { service: "basket", state: "failed", limit: 1 }, [[3], [0]]],
  ];
  for (const [what, query, expected] of lists) {
    it(`has ${what}, newest first`, async () => {
      const pages = await pagesOf(query);
      expect(times(pages)).to.deep.equal(expected);
      expect(new Set(pages.flat()).size).to.equal(expected.flat().length);
    });
  }

  it("gives a page of a state that many others lie between, and where it stopped looking", async () => {
    // Each query looks at one item alone, as if the others had filled its megabyte.
    const dynamo = {
      send: (command: { input: object }) => {
        Object.assign(command.input, { Limit: 1 });
        return stored.dynamo.send(command as never);
      },
    };
    const narrow = { ...table, dynamo: dynamo as unknown as PullRequestTable["dynamo"] };
    const first = await listRecords(narrow, { state: "failed", limit: 20 });
    const second = await listRecords(narrow, { state: "failed", limit: 20, after: first.next });
    expect(first.records.length + second.records.length).to.equal(6);
    expect(first.next?.requestedAt).to.equal("2026-01-05T10:00:00.001Z");
    expect(second.next).to.equal(undefined);
  });
});
