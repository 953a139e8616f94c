const { version } = require("./package.json");

const reports = { sales: "orders of the day before", stock: "products that run out" };

const log = (entry) => console.log(JSON.stringify({ time: new Date().toISOString(), version, ...entry }));

const [name = ""] = process.argv.slice(2);
if (Object.hasOwn(reports, name)) log({ level: "info", message: "report", name, about: reports[name] });
else {
  log({ level: "error", message: `there is no report "${name}": there are ${Object.keys(reports).join(", ")}` });
  process.exitCode = 2;
}
