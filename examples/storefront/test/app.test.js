const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const { createApp } = require("../app.js");

const logged = [];
const server = createApp({ version: "1.2.3", greeting: "Hello <you>", log: (entry) => logged.push(entry) });
let origin;

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

test("/ is a page that tells the version, with the greeting escaped", async () => {
  const response = await fetch(origin);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  const body = await response.text();
  assert.match(body, /<h1>Hello &#60;you&#62;<\/h1>/);
  assert.match(body, /<code>1\.2\.3<\/code>/);
});

test("/ is JSON for those who ask for it", async () => {
  const response = await fetch(origin, { headers: { accept: "application/json" } });
  assert.deepEqual(await response.json(), { greeting: "Hello <you>", version: "1.2.3" });
});

test("/version is the version alone", async () => {
  assert.equal(await (await fetch(`${origin}/version`)).text(), "1.2.3\n");
});

test("/healthz is well and is not logged", async () => {
  logged.length = 0;
  assert.equal((await fetch(`${origin}/healthz`)).status, 200);
  assert.deepEqual(logged, []);
});

test("other paths and methods are refused", async () => {
  assert.equal((await fetch(`${origin}/toString`)).status, 404);
  assert.equal((await fetch(origin, { method: "POST" })).status, 405);
});
