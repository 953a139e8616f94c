import type { NetworkInterface } from "../network/model";
import type { LaunchTemplate } from "./launchTemplate";

export interface Instance {
  id: string;
  state: "pending" | "running" | "shutting-down" | "terminated";
  template: LaunchTemplate;
  subnetId: string;
  zone: string;
  /** Its own interface, deleted with it; attached ones remain. */
  primary: NetworkInterface;
  tags: Record<string, string>;
  launchedAt: number;
}
