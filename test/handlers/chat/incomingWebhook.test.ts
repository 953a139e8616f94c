import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { checkedUrl, post } from "../../../handlers/chat/incomingWebhook";

const URL_OF_SLACK = "https://hooks.slack.com/services/T01ACME/B01SLIPWAY/vHq7Zk2mRw9Xs4Tn6Yb8Lc1D";

describe("the webhook's URL", () => {
  it("is what the secret holds", () => {
    expect(checkedUrl({ secretId: "slack" }, URL_OF_SLACK)).to.equal(URL_OF_SLACK);
  });

  const mistakes: { what: string; key?: string; text: string }[] = [
    { what: "no URL", text: "vHq7Zk2mRw9Xs4Tn6Yb8Lc1D" },
    { what: "not encrypted on its way", text: URL_OF_SLACK.replace("https", "http") },
    { what: "JSON, where a string is expected", text: JSON.stringify({ slack: URL_OF_SLACK }) },
    { what: "of a key, and no URL", key: "slack", text: "vHq7Zk2mRw9Xs4Tn6Yb8Lc1D" },
  ];
  for (const { what, key, text } of mistakes)
    it(`that is ${what} is refused without a word of it`, () => {
      const where = key === undefined ? "secret chats" : `key ${key} of secret chats`;
      let error: Error | undefined;
      try {
        checkedUrl({ secretId: "chats", ...(key !== undefined && { key }) }, text);
      } catch (thrown) {
        error = thrown as Error;
      }
      expect(error?.message).to.equal(`${where} is not an https URL: store the chat's webhook URL there`);
      expect(error?.cause).to.equal(undefined);
    });
});

describe("posting to a chat", () => {
  /** Posts to a server of this machine. */
  async function postTo(path: string, answer: RequestListener): Promise<string | undefined> {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      return await post("slack", `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, "hello");
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it("says what the chat answers, without the URL's secrets", async () => {
    const refusal = await postTo("/hook/0123456789?key=9876543210", (request, response) => {
      response.writeHead(404).end(`no webhook ${request.url}`);
    });
    expect(refusal).to.equal("it returned HTTP 404 no webhook /hook/***?key=***");
  });

  it("says nothing of a secret that begins where the answer is cut", async () => {
    const filling = "x".repeat(280);
    const refusal = await postTo("/hook/0123456789abcdef0123456789", (request, response) => {
      response.writeHead(404).end(`${filling}${request.url} and more`);
    });
    expect(refusal).to.equal(`it returned HTTP 404 ${filling}/hook/*** and more`);
  });

  it("follows no redirect", async () => {
    const paths: unknown[] = [];
    const refusal = await postTo("/hook", (request, response) => {
      paths.push(request.url);
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    expect([refusal, paths]).to.deep.equal(["it returned HTTP 307", ["/hook"]]);
  });

  it("says that nobody listens, by the error's code alone", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await post("slack", `http://127.0.0.1:${port}/secret`, "hello")).to.equal(
      "it cannot be reached: ECONNREFUSED",
    );
  });

  it("says that the connection broke off", async () => {
    const refusal = await postTo("/hook", (request) => request.socket.destroy());
    expect(refusal).to.match(/^it cannot be reached: (UND_ERR_SOCKET|ECONNRESET)$/);
  });

  it("says that the chat does not answer in time", async () => {
    const { timeout } = AbortSignal;
    const limits: number[] = [];
    AbortSignal.timeout = (milliseconds) => {
      limits.push(milliseconds);
      return timeout.call(AbortSignal, 20);
    };
    try {
      expect(await postTo("/hook", () => {})).to.equal("it cannot be reached: no answer within 5000 ms");
    } finally {
      AbortSignal.timeout = timeout;
    }
    expect(limits).to.deep.equal([5_000]);
  });
});
