import { failure } from "./failure";
import { type DeploymentTable, describeHolder, holdLock, lastHolder, releaseLock } from "./lock";

/** The lock of an application's deployments. */
export interface LockOptions {
  application: string;
  /** The DynamoDB table of locks and records. */
  table: string;
}

/** The lock that an execution has deployed under, which its later actions hold too. */
export interface DeliveryLock {
  table: DeploymentTable;
  application: string;
  /** The id of the pipeline's execution. */
  execution: string;
}

/** How an action holds the lock if it had been released, because its stage is retried. */
export interface Retake {
  /** At most. Longer than its function may run. */
  seconds: number;
  /** Whether the action itself releases it after it has succeeded. */
  keeps?: true;
}

/**
 * Runs what changes an application's schedules or tag, while nobody can deploy another version. The execution still has the
 * lock, or takes it again.
 * @throws Failure if another version was deployed since: what would be changed is not of what runs
 */
export async function whileHeld<T>(
  { table, application, execution }: DeliveryLock,
  now: () => number,
  work: () => Promise<T>,
  retake: Retake,
): Promise<T> {
  const seconds = Math.floor(now() / 1_000);
  const holder = await lastHolder(table, application);
  if (holder?.owner === execution && holder.until > seconds) {
    return work();
  }
  if (holder === undefined || !(await holdLock(table, application, execution, seconds + retake.seconds))) {
    const other = (await lastHolder(table, application)) ?? holder;
    const by = other === undefined ? "nobody" : describeHolder(other);
    throw failure(
      "JobFailed",
      `${application} was deployed since by another, ${by}, and nothing is changed: start the pipeline again for the version that is to run`,
    );
  }
  let succeeded = false;
  try {
    const result = await work();
    succeeded = true;
    return result;
  } finally {
    if (!succeeded || !retake.keeps) {
      await releaseLock(table, application, execution);
    }
  }
}
