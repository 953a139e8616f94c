const { createServer } = require("node:http");

/**
 * The storefront's HTTP server, not listening yet.
 * @param {{ version: string, greeting: string, log: (entry: object) => void }} options
 * @returns {import("node:http").Server}
 */
function createApp({ version, greeting, log }) {
  const pages = {
    "/": (request) =>
      wantsJson(request)
        ? { type: "application/json", body: `${JSON.stringify({ greeting, version })}\n` }
        : { type: "text/html; charset=utf-8", body: page(greeting, version) },
    "/version": () => ({ type: "text/plain; charset=utf-8", body: `${version}\n` }),
    "/healthz": () => ({ type: "text/plain; charset=utf-8", body: "ok\n" }),
  };

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://storefront");
    const { status, type, body } = answer(pages, request, pathname);
    response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
    response.end(request.method === "HEAD" ? undefined : body);
    // The load balancer asks for /healthz every few seconds: it would drown what the log is for.
    if (pathname !== "/healthz") log({ level: "info", message: "request", method: request.method, pathname, status });
  });
  // Longer than the load balancer's idle timeout of 60 seconds: a connection that the service closes first is a 502.
  server.keepAliveTimeout = 65_000;
  return server;
}

function answer(pages, request, pathname) {
  const plain = "text/plain; charset=utf-8";
  const found = Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
  if (found === undefined) return { status: 404, type: plain, body: "Not found\n" };
  if (request.method !== "GET" && request.method !== "HEAD")
    return { status: 405, type: plain, body: "Only GET and HEAD\n" };
  return { status: 200, ...found(request) };
}

const wantsJson = (request) => (request.headers.accept ?? "").includes("application/json");

const escapeHtml = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function page(greeting, version) {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Storefront ${escapeHtml(version)}</title>
    <style>
      :root { color-scheme: light dark; font-family: system-ui, sans-serif; }
      body { display: grid; min-height: 100vh; margin: 0; place-content: center; text-align: center; }
      p { opacity: 0.75; }
      code { font-size: 1.5rem; }
    </style>
  </head>
  <body>
    <h1>${escapeHtml(greeting)}</h1>
    <p>You are looking at version</p>
    <code>${escapeHtml(version)}</code>
  </body>
</html>
`;
}

module.exports = { createApp };
