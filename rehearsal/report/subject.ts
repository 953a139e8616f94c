/** A notice's subject, or the first line of its text if it has none. */
export function subjectOf({ subject, message }: { subject?: string; message: string }): string {
  return subject ?? message.split("\n", 1)[0] ?? "";
}

/** Whether it reports an alarm as OK, as each does on its first data. CloudWatch writes `OK: "name" in region`. */
export const isAllClear = ({ subject }: { subject?: string }): boolean => subject?.startsWith('OK: "') ?? false;
