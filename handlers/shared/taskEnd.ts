/** How an ECS task ended, from DescribeTasks or ECS's events. */
export interface TaskEnd {
  stopCode?: string | undefined;
  stoppedReason?: string | undefined;
  containers: { name: string; exitCode?: number | undefined; reason?: string | undefined }[];
}

/**
 * `container app exited with 137 (OutOfMemoryError: …); EssentialContainerExited: Essential container in task exited`
 *
 * @param remark an additional note about the containers
 */
export function explainTaskEnd({ stopCode, stoppedReason, containers }: TaskEnd, remark?: string): string {
  const ends = containers.map(({ name, exitCode, reason }) => {
    // A container that never ran has no exit code.
    const end = exitCode === undefined ? "has no exit code" : `exited with ${exitCode}`;
    return `container ${name} ${end}${reason ? ` (${reason})` : ""}`;
  });
  const stop = `${stopCode ?? "no stop code"}: ${stoppedReason ?? "no reason given"}`;
  return [...ends, ...(remark === undefined ? [] : [remark]), stop].join("; ");
}
