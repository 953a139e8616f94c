// Runs a task, prints the id of its process and the account's folder, and waits to be killed.
import { openShop } from "../cloud/ecs/support";

async function main(): Promise<void> {
  const shop = await openShop();
  const image = await shop.push("v1", "console.log(process.pid); setInterval(() => {}, 1000);");
  const line = shop.cloud.until((event): event is Extract<typeof event, { kind: "log" }> => event.kind === "log");
  await shop.declareService(await shop.register(image), { desiredCount: 1, loadBalancers: [] });
  await shop.cloud.start();
  console.log(JSON.stringify({ pid: Number((await line).line), directory: shop.cloud.directory }));
}

main();
