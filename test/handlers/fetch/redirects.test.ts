import { expect } from "chai";
import { follow, nextAddress } from "../../../handlers/fetch/redirects";
import { refusal, refusalMessage } from "../../refusal";

describe("a redirect", () => {
  const followed: [string, string, string, string][] = [
    [
      "to another host",
      "https://github.com/acme/storefront/archive/c0ffee.zip",
      "https://codeload.github.com/acme/storefront/zip/c0ffee",
      "https://codeload.github.com/acme/storefront/zip/c0ffee",
    ],
    ["to a path", "https://git.acme.example/a/b", "/c?d=e", "https://git.acme.example/c?d=e"],
    [
      "to the same scheme",
      "https://git.acme.example/a",
      "//archives.acme.example/b",
      "https://archives.acme.example/b",
    ],
    ["to https", "http://git.acme.example/a", "https://git.acme.example/a", "https://git.acme.example/a"],
    ["within http", "http://git.acme.example/a", "http://git.acme.example/b", "http://git.acme.example/b"],
  ];
  for (const [what, from, location, address] of followed) {
    it(`${what} is followed`, () => {
      expect(nextAddress(new URL(from), location, from).href).to.equal(address);
    });
  }

  const from = "https://git.acme.example/a";
  const refused: [string, string][] = [
    ["from https to http", "http://git.acme.example/a?token=temporary"],
    ["to a file", "file:///etc/passwd"],
    ["with a user", "https://temporary@git.acme.example/a"],
    ["with a password", "https://:temporary@git.acme.example/a"],
    ["to no address", "https://[temporary"],
  ];
  for (const [what, location] of refused) {
    it(`${what} is not followed, and not repeated`, () => {
      expect(() => nextAddress(new URL(from), location, from))
        .to.throw(
          `${from} redirects to an invalid address, to one with a password, or from https to http: correct the address of the forge`,
        )
        .with.property("type", "RevisionUnavailable");
    });
  }
});

describe("a forge's answer", () => {
  const url = "https://git.acme.example/a";
  const { signal } = new AbortController();
  const { fetch: real } = globalThis;
  afterEach(() => {
    globalThis.fetch = real;
  });

  /** What is asked, if the first answer is this one, and which status is told. */
  async function asked(status: number, headers: Record<string, string>) {
    const answers = [new Response(null, { status, headers }), new Response(null, { status: 200 })];
    const addresses: string[] = [];
    globalThis.fetch = async (address) => {
      addresses.push(String(address));
      return answers.shift() ?? Response.error();
    };
    const { response } = await follow({ url, headers: {} }, signal);
    return { addresses, status: response.status };
  }

  for (const status of [301, 302, 303, 307, 308]) {
    it(`of ${status} is followed`, async () => {
      const addresses = [url, "https://git.acme.example/b"];
      expect(await asked(status, { location: "/b" })).to.deep.equal({ addresses, status: 200 });
    });
  }

  const kept: [number, Record<string, string>][] = [
    [302, {}],
    [201, { location: "/b" }],
    [304, { location: "/b" }],
  ];
  for (const [status, headers] of kept) {
    it(`of ${status} with ${JSON.stringify(headers)} is none to follow`, async () => {
      expect(await asked(status, headers)).to.deep.equal({ addresses: [url], status });
    });
  }
});

describe("a forge that cannot be reached", () => {
  const request = { url: "https://git.acme.example/a", headers: {} };
  const { signal } = new AbortController();
  const { fetch: real } = globalThis;
  const answer = (error: Error) => {
    globalThis.fetch = () => Promise.reject(error);
  };
  afterEach(() => {
    globalThis.fetch = real;
  });

  it("is told by the network's error", async () => {
    const cause = Object.assign(new Error("getaddrinfo ENOTFOUND git.acme.example"), { code: "ENOTFOUND" });
    answer(new TypeError("fetch failed", { cause }));
    expect(await refusal(follow(request, signal))).to.include({
      type: "SystemUnavailable",
      message: "https://git.acme.example/a cannot be reached: getaddrinfo ENOTFOUND git.acme.example",
    });
  });

  it("at several addresses is told by their code", async () => {
    const cause = Object.assign(new AggregateError([]), { code: "ETIMEDOUT" });
    answer(new TypeError("fetch failed", { cause }));
    expect(await refusalMessage(follow(request, signal))).to.equal(
      "https://git.acme.example/a cannot be reached: ETIMEDOUT",
    );
  });

  it("in time is told by the signal's error", async () => {
    answer(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    expect(await refusalMessage(follow(request, signal))).to.equal(
      "https://git.acme.example/a cannot be reached: The operation was aborted due to timeout",
    );
  });
});
