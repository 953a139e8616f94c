const { version } = require("./package.json");

// The storefront has no database: it tells what its migration would do. Each step must bear being done again, and must
// leave a database that the version before can live with: that one serves until the new one does.
const steps = ["create table products if there is none", "add column products.price if there is none"];

const log = (entry) => console.log(JSON.stringify({ time: new Date().toISOString(), version, ...entry }));

for (const [index, step] of steps.entries())
  log({ level: "info", message: "migration step", step: index + 1, does: step });
log({ level: "info", message: "migrated", steps: steps.length });
