import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { closeServer } from "../../../../rehearsal/cloud/endpoint";
import { createLambda } from "../../../../rehearsal/cloud/lambda";
import { createLogs } from "../../../../rehearsal/cloud/logs";
import { createTestCloud, type TestCloud } from "../../support";
import { declareFunction } from "./support";

const load = (specifier: string) => `exports.handler = async () => Object.keys(require("${specifier}")).length > 0`;
const asset = (text: string) => ({ kind: "asset", text });

describe("A function's packages", () => {
  let cloud: TestCloud;
  beforeEach(async () => {
    cloud = await createTestCloud([createLambda, createLogs]);
  });
  afterEach(() => cloud.close());

  for (const specifier of ["@aws-sdk/client-sqs", "@smithy/core", "node:fs", "path"])
    it(`are those that Lambda provides: ${specifier}`, async () => {
      const { invoke } = await declareFunction(cloud, "loader", load(specifier));
      expect((await invoke()).value).to.equal(true);
    });

  for (const specifier of ["yaml", "@pulumi/pulumi", "tslib", require.resolve("yaml")])
    it(`are none of the project's other ones: ${specifier.split("/").slice(-3).join("/")}`, async () => {
      const { invoke } = await declareFunction(cloud, "loader", `require("${specifier}"); ${load("fs")}`);
      const { value, error } = await invoke();
      expect(error).to.equal("Unhandled");
      expect(value).to.include({ errorType: "Runtime.ImportModuleError" });
      expect(value)
        .to.have.property("errorMessage")
        .that.satisfies((it: string) => it.startsWith(`Error: Cannot find module '${specifier}' (it is neither in`));
    });

  it("are those in its archive, given as assets or as a folder of the project", async () => {
    const { invoke } = await declareFunction(cloud, "loader", "", {
      code: {
        kind: "archive",
        assets: {
          "__index.js": asset(
            `const { greet } = require("greeting"); const crc = require("buffer-crc32");
             exports.handler = async () => [greet(require("./lib/name")), crc.unsigned("a")];`,
          ),
          "lib/name.js": asset("module.exports = 'Ada'"),
          "node_modules/greeting/index.js": asset("exports.greet = (name) => 'Hello ' + name"),
          "node_modules/buffer-crc32": { kind: "archive", path: "node_modules/buffer-crc32" },
        },
      },
    });
    expect((await invoke()).value).to.deep.equal(["Hello Ada", 0xe8b7be43]);
  });

  it("do not lend theirs to each other", async () => {
    const { invoke } = await declareFunction(cloud, "loader", "", {
      code: {
        kind: "archive",
        assets: {
          "__index.js": asset(`require("needy"); ${load("fs")}`),
          "node_modules/needy/index.js": asset(`require("yaml")`),
        },
      },
    });
    expect((await invoke()).value)
      .to.have.property("errorMessage")
      .that.matches(/^Error: Cannot find module 'yaml' .*\nRequire stack:\n- file:.*\/node_modules\/needy\/index\.js$/);
  });
});

describe("A function's network", () => {
  let cloud: TestCloud;
  let github: Server;
  let requests: { host?: string; url?: string; body: string }[];

  beforeEach(async () => {
    cloud = await createTestCloud([createLambda, createLogs]);
    requests = [];
    github = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const { url, headers } = request;
      requests.push({ host: headers.host, url, body });
      if (url === "/old") response.writeHead(302, { location: "https://codeload.github.com/new" }).end();
      else response.end(`${url} of ${headers.host}`);
    });
    await new Promise<void>((resolve) => github.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(github.address() as AddressInfo).port}`;
    cloud.addresses.set("github.com", address);
    cloud.addresses.set("codeload.github.com", address);
  });
  afterEach(async () => {
    await cloud.close();
    await closeServer(github);
  });

  const FETCH = `exports.handler = async ({ url, ...init }) => {
    try { return await (await fetch(url, init)).text(); }
    catch (error) { return [error.message, error.cause.message, error.cause.code]; }
  };`;

  it("reaches a host of the account by its own name, and each hop of a redirect", async () => {
    const { invoke } = await declareFunction(cloud, "fetch", FETCH);
    expect((await invoke({ url: "https://github.com/old" })).value).to.equal("/new of codeload.github.com");
    expect(requests).to.deep.equal([
      { host: "github.com", url: "/old", body: "" },
      { host: "codeload.github.com", url: "/new", body: "" },
    ]);
  });

  it("carries bodies", async () => {
    const { invoke } = await declareFunction(cloud, "fetch", FETCH);
    await invoke({ url: "https://github.com/a?b=c", method: "POST", body: "text" });
    expect(requests).to.deep.equal([{ host: "github.com", url: "/a?b=c", body: "text" }]);
  });

  it("knows hosts that came and went since the function started", async () => {
    const { invoke } = await declareFunction(cloud, "fetch", FETCH);
    const url = "http://web-1.us-east-1.elb.amazonaws.com/";
    const unknown = ["fetch failed", "getaddrinfo ENOTFOUND web-1.us-east-1.elb.amazonaws.com", "ENOTFOUND"];
    expect((await invoke({ url })).value).to.deep.equal(unknown);
    cloud.addresses.set("web-1.us-east-1.elb.amazonaws.com", cloud.addresses.get("github.com") ?? "");
    expect((await invoke({ url })).value).to.equal("/ of web-1.us-east-1.elb.amazonaws.com");
    cloud.addresses.delete("web-1.us-east-1.elb.amazonaws.com");
    expect((await invoke({ url })).value).to.deep.equal(unknown);
  });

  it("ends at this machine for every other module too", async () => {
    const { invoke } = await declareFunction(
      cloud,
      "sockets",
      `const ended = (emitter) => new Promise((resolve) => emitter.on("error", (error) => resolve(error.message)));
       exports.handler = async () => Promise.all([
         ended(require("node:https").get("https://github.com/")),
         ended(require("node:http").get("http://example.com/")),
         ended(require("node:net").connect(443, "192.0.2.1")),
         ended(require("node:tls").connect(443, "example.org")),
       ]);`,
    );
    expect((await invoke()).value).to.deep.equal([
      "getaddrinfo ENOTFOUND github.com",
      "getaddrinfo ENOTFOUND example.com",
      "getaddrinfo ENOTFOUND 192.0.2.1",
      "getaddrinfo ENOTFOUND example.org",
    ]);
  });
});
