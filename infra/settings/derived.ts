import type { ApplicationSettings, PushSource, Settings } from "./model";

/** The branches whose pushes are delivered, each with its own pipeline. */
export const trackedBranches = ({ applications }: Pick<Settings, "applications">): PushSource[] =>
  applications.flatMap(({ source }) => ("push" in source ? source.push : []));

/** Whether forges send webhooks. Otherwise branch heads are polled every minute. */
export const takesWebhooks = (settings: Settings): boolean =>
  settings.intake === "webhook" && trackedBranches(settings).length > 0;

/** A service behind the load balancer. */
export interface WebService {
  /** `<application>-<service>` */
  name: string;
  /** Whether it has its own host names. */
  hosted: boolean;
}

export const webServices = ({ applications }: Pick<Settings, "applications">): WebService[] =>
  applications.flatMap(({ name, services }) =>
    services
      .filter(({ port }) => port !== undefined)
      .map((service) => ({ name: `${name}-${service.name}`, hosted: service.hosts !== undefined })),
  );

/** Whether an action of the application's pipeline keeps a record of its progress. */
export const isRecorded = ({ deploy, migrate }: ApplicationSettings): boolean =>
  deploy === "callback" || migrate !== undefined;
