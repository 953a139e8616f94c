import type { ApplicationSettings, PushSource, Settings } from "./model";

/** The branches whose pushes are delivered, each by a pipeline of its own. */
export const trackedBranches = ({ applications }: Pick<Settings, "applications">): PushSource[] =>
  applications.flatMap(({ source }) => ("push" in source ? source.push : []));

/** Whether forges send webhooks. Otherwise branch heads are compared every minute. */
export const takesWebhooks = (settings: Settings): boolean =>
  settings.intake === "webhook" && trackedBranches(settings).length > 0;

/** A service behind the load balancer. */
export interface WebService {
  /** `<application>-<service>` */
  name: string;
  /** Whether it has hosts of its own. */
  hosted: boolean;
}

export const webServices = ({ applications }: Pick<Settings, "applications">): WebService[] =>
  applications.flatMap(({ name, services }) =>
    services
      .filter(({ port }) => port !== undefined)
      .map((service) => ({ name: `${name}-${service.name}`, hosted: service.hosts !== undefined })),
  );

/** Whether an action of the application's pipeline keeps a record of what it does. */
export const isRecorded = ({ deploy, migrate }: ApplicationSettings): boolean =>
  deploy === "callback" || migrate !== undefined;
