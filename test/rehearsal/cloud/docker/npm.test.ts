import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { pack } from "tar-stream";
import { npmEnvironment } from "../../../../rehearsal/cloud/docker/npm";
import { type Builder, createBuilder } from "./support";

const FROM = "FROM node:24-alpine\nWORKDIR /app\nCOPY package*.json ./\n";

describe("npm in a build", () => {
  let builder: Builder;
  let registry: Server;
  let lock: string;
  let asked: string[];
  const before = { ...process.env };

  beforeEach(async () => {
    builder = await createBuilder();
    asked = [];
    const archive = pack();
    archive.entry(
      { name: "package/package.json" },
      JSON.stringify({ name: "greeting", version: "1.0.0", bin: "greet.js" }),
    );
    archive.entry({ name: "package/greet.js" }, '#!/usr/bin/env node\nconsole.log("hello");\n');
    archive.finalize();
    const tarball = gzipSync(await buffer(archive));
    const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
    registry = createServer(({ url = "" }, response) => {
      asked.push(url);
      if (url.endsWith(".tgz")) response.end(tarball);
      else response.end(JSON.stringify(packument(integrity)));
    });
    await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
    const greeting = { version: "1.0.0", integrity, bin: { greeting: "greet.js" } };
    const packages = { "": { dependencies: { greeting: "1.0.0" } }, "node_modules/greeting": greeting };
    lock = JSON.stringify({ name: "shop", lockfileVersion: 3, requires: true, packages });
    Object.assign(process.env, {
      npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`,
      npm_config_cache: path.join(builder.folder, "cache"),
      npm_config_noproxy: "127.0.0.1",
    });
  });
  afterEach(async () => {
    for (const name of ["npm_config_registry", "npm_config_cache", "npm_config_noproxy"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    registry.closeAllConnections();
    await new Promise((resolve) => registry.close(resolve));
    await builder.close();
  });

  const packument = (integrity: string) => {
    const { port } = registry.address() as AddressInfo;
    const dist = { tarball: `http://127.0.0.1:${port}/greeting/-/greeting-1.0.0.tgz`, integrity };
    const version = { name: "greeting", version: "1.0.0", bin: "greet.js", dist };
    return { name: "greeting", "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } };
  };

  const files = (commands: string) => ({
    Dockerfile: FROM + commands,
    "package.json": JSON.stringify({ name: "shop", private: true, dependencies: { greeting: "1.0.0" } }),
    "package-lock.json": lock,
  });

  it("installs what the lock says, from the registry of this computer's npm", async () => {
    const { root } = await builder.build(files("RUN npm ci --omit=dev --ignore-scripts\n"));
    expect(readFileSync(path.join(root, "app/node_modules/greeting/greet.js"), "utf8")).to.include("hello");
    expect(asked).to.deep.equal(["/greeting", "/greeting/-/greeting-1.0.0.tgz"]);
  });

  const named: [string, string][] = [
    ["as an option", "RUN npm ci --registry=https://npm.acme.example/\n"],
    ["as an option of two words", "RUN npm ci --registry https://npm.acme.example/\n"],
    ["as a variable", "ARG NPM_CONFIG_REGISTRY=https://npm.acme.example/\nRUN npm ci\n"],
    ["as a variable in small letters", "ENV npm_config_registry=https://npm.acme.example/\nRUN npm ci\n"],
  ];
  for (const [name, commands] of named)
    it(`does so where the build names another registry: ${name}`, async () => {
      const { root } = await builder.build(files(commands));
      expect(readdirSync(path.join(root, "app/node_modules/greeting"))).to.deep.equal(["greet.js", "package.json"]);
    });

  it("goes through this computer's cache, which no build cleans", async () => {
    await builder.build(files("RUN npm ci && npm cache clean --force\n"));
    asked.length = 0;
    const { root, output } = await builder.build(files("RUN npm ci && npm cache clean --force\n"));
    expect(asked).to.deep.equal([]);
    expect(output.at(-1)).to.equal("npm cache: it is this computer's own: nothing of it is in the image");
    expect(existsSync(path.join(root, "app/node_modules/greeting"))).to.equal(true);
  });

  it("installs global packages into the image", async () => {
    const { root, output } = await builder.build(files("RUN npm install --global greeting && greeting\n"));
    expect(output.at(-1)).to.equal("hello");
    expect(existsSync(path.join(root, "usr/local/lib/node_modules/greeting"))).to.equal(true);
  });

  it("fails the build as npm fails", async () => {
    const failed = await builder.failure({ ...files("RUN npm ci\n"), "package-lock.json": "{}" });
    expect(failed.join("\n")).to.match(/npm error.*package-lock\.json/);
    expect(failed.at(-1)).to.equal(
      'line 4: RUN: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1',
    );
  });

  it("has of this computer's environment what npm's configuration and its way out are", () => {
    const environment = {
      PATH: "/bin",
      GITHUB_TOKEN: "secret",
      npm_config_registry: "https://npm.acme.example/",
      NPM_CONFIG_USERCONFIG: "/home/acme/.npmrc",
      npm_config_local_prefix: "/home/acme/project",
      npm_config_omit: "optional",
      HTTPS_PROXY: "http://proxy.acme.example",
      NODE_EXTRA_CA_CERTS: "/etc/acme.pem",
      REHEARSAL_NPM_HOME: "/home/acme",
      HOME: "/tmp/build",
    };
    expect(npmEnvironment(environment)).to.deep.equal({
      HOME: "/home/acme",
      npm_config_registry: "https://npm.acme.example/",
      NPM_CONFIG_USERCONFIG: "/home/acme/.npmrc",
      HTTPS_PROXY: "http://proxy.acme.example",
      NODE_EXTRA_CA_CERTS: "/etc/acme.pem",
      npm_config_prefer_offline: "true",
    });
  });
});
