import type { Account } from "../../cloud/cloud";
import type { CloudEvent } from "../../cloud/events";
import type { Registration } from "../../monitor";

type Log = Extract<CloudEvent, { kind: "log" }>;

/** Simulated time: an instance boots in two minutes. */
const PATIENCE = 10 * 60_000;

const isConsole = (event: CloudEvent): event is Log => event.kind === "log" && event.stream === "console";

/**
 * Waits, as after a deployment of the stack, until its NAT instance has the interface that routes lead to.
 * @throws with the instance's console output if it does not get it
 */
export async function natInstanceReady(
  { events, clock, until }: Pick<Account, "events" | "clock" | "until">,
  registrations: readonly Registration[],
): Promise<void> {
  for (const { type, outputs } of registrations) {
    if (type !== "aws:ec2/networkInterface:NetworkInterface") continue;
    const id = String(outputs.arn).split("/").at(-1);
    const isAttached = (event: CloudEvent): event is Log => isConsole(event) && event.line.includes(`${id} attached`);
    if (events.some(isAttached)) continue;
    if ((await Promise.race([until(isAttached), clock.wait(PATIENCE)])) !== undefined) continue;
    const said = events.filter(isConsole).map(({ line }) => line);
    throw new Error(`No instance has attached ${id}; its console says: ${said.join("; ") || "nothing"}`);
  }
}
