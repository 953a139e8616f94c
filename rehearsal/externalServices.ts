import path from "node:path";
import { type Chats, startChats } from "./chat/chats";
import type { Account } from "./cloud/cloud";
import { type Forges, startForges } from "./forges/forges";
import type { Repository } from "./forges/repository";
import { storefront } from "./forges/storefront";
import type { Delivery } from "./forges/webhook";

/** Exists before the stack and runs beside it. */
export interface ExternalServices {
  forges: Forges;
  /** acme/storefront on GitHub, initially empty. */
  repository: Repository;
  chats: Chats;
  close(): Promise<void>;
}

export interface ExternalServicesOptions {
  /** Called for each webhook delivery after its response. */
  onDelivery?: ((delivery: Delivery) => void) | undefined;
  /** Called for each forge request that broke off unintentionally. */
  onFault?: ((error: Error) => void) | undefined;
}

/** Starts the forges and chats, under their own names. */
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
