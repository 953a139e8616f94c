// The figures that slipway answers for, each as a ratio to something measured in the same run: machines differ, ratios
// hardly do. `npm run bench` prints them; no test times anything.
import path from "node:path";
import { archiveSizes } from "./archives";
import { coldStart } from "./coldStart";
import { criticalPath } from "./criticalPath";
import { evaluation } from "./evaluation";
import { repacking } from "./repacking";

async function main(): Promise<void> {
  const root = path.resolve(__dirname, "../..");
  for (const [title, measure] of [
    ["pulumi up's own entry evaluates stack dev, against a program of one bucket", evaluation],
    ["what a function takes until it can be invoked, against a bare one (at most 1.10)", coldStart],
    ["fetch copies a repository's archive, against streaming the forge's zip unchanged", repacking],
    ["what slipway adds to the way from push to tag, beyond CodeBuild and ECS, in AWS time", criticalPath],
    ["what each function uploads, zipped, against its limit", archiveSizes],
  ] as const) {
    console.log(`${title}:`);
    for (const line of await measure(root)) console.log(`  ${line}`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
