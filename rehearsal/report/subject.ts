/** What a notice is about: its subject, or the first line of its text where it has none. */
export function subjectOf({ subject, message }: { subject?: string; message: string }): string {
  return subject ?? message.split("\n", 1)[0] ?? "";
}

/** Whether it says that an alarm is OK, as each does when it has its first data. CloudWatch writes `OK: "name" in region`. */
export const isAllClear = ({ subject }: { subject?: string }): boolean => subject?.startsWith('OK: "') ?? false;
