const { createApp } = require("./app.js");
const { version } = require("./package.json");

const port = Number(process.env.PORT ?? 8080);
const greeting = process.env.GREETING ?? "Welcome to the storefront";

const log = (entry) => console.log(JSON.stringify({ time: new Date().toISOString(), version, ...entry }));

const server = createApp({ version, greeting, log });
server.listen(port, () => log({ level: "info", message: "listening", port: server.address().port }));

// ECS stops a task with SIGTERM, and with SIGKILL 30 seconds later. Requests that are being answered are finished first.
process.once("SIGTERM", () => {
  log({ level: "info", message: "stopping" });
  server.close(() => log({ level: "info", message: "stopped" }));
});
