import type { Cloud, Service } from "./service";

/** Every simulated service: one line each. */
export const services: ((cloud: Cloud) => Service)[] = [];
