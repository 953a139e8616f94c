import path from "node:path";
import { type Chats, startChats } from "./chat/chats";
import type { Account } from "./cloud/cloud";
import { type Forges, startForges } from "./forges/forges";
import type { Repository } from "./forges/repository";
import { storefront } from "./forges/storefront";
import type { Delivery } from "./forges/webhook";

/** What is there before the stack is, and goes on beside it. */
export interface ExternalServices {
  forges: Forges;
  /** acme/storefront at GitHub, empty at first. */
  repository: Repository;
  chats: Chats;
  close(): Promise<void>;
}

export interface ExternalServicesOptions {
  /** Told of each delivery of a webhook when its answer is in. */
  onDelivery?: ((delivery: Delivery) => void) | undefined;
  /** Told of each request to a forge that broke off, if it was not to. */
  onFault?: ((error: Error) => void) | undefined;
}

/** Starts the forges and the chats, under their own names. */
export async function startExternalServices(
  { directory, addresses, clock }: Pick<Account, "directory" | "addresses" | "clock">,
  { onDelivery, onFault }: ExternalServicesOptions = {},
): Promise<ExternalServices> {
  const forges = await startForges({
    directory: path.join(directory, "forges"),
    addresses,
    clock,
    ...(onDelivery && { onDelivery }),
    ...(onFault && { onFault }),
  });
  const repository = await forges.createRepository(storefront);
  const chats = await startChats({ addresses });
  return {
    forges,
    repository,
    chats,
    async close() {
      await Promise.all([forges.close(), chats.close()]);
    },
  };
}
