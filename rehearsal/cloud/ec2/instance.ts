import type { NetworkInterface } from "../network/model";
import type { LaunchTemplate } from "./launchTemplate";

export interface Instance {
  id: string;
  state: "pending" | "running" | "shutting-down" | "terminated";
  template: LaunchTemplate;
  subnetId: string;
  zone: string;
  /** Its own interface, which goes with it; others are attached to it and stay. */
  primary: NetworkInterface;
  tags: Record<string, string>;
  launchedAt: number;
}
