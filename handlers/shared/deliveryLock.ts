import { failure } from "./failure";
import { type DeploymentTable, describeHolder, holdLock, lastHolder, releaseLock } from "./lock";

/** The lock of an application's deployments. */
export interface LockOptions {
  application: string;
  /** The DynamoDB table of locks and records. */
  table: string;
}

/** The lock that an execution has deployed under. Its later actions hold it too. */
export interface DeliveryLock {
  table: DeploymentTable;
  application: string;
  /** The pipeline execution's id. */
  execution: string;
}

/** How an action takes the lock again if it was released because the stage is retried. */
export interface Retake {
  /** At most. Longer than the function's timeout. */
  seconds: number;
  /** Whether the action releases the lock itself after success. */
  keeps?: true;
}

/**
 * Changes an application's schedules or tag while no other version can be deployed. The execution still holds the lock,
 * or takes it again.
 * @throws Failure if another version was deployed since: the change would not match the running version
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
    const by = other === undefined ? "unknown" : describeHolder(other);
    throw failure(
      "JobFailed",
      `another deploy of ${application} has happened since (${by}); nothing was changed: start the pipeline again for the version that should run`,
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
