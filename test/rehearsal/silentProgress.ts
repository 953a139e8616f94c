import type { Progress } from "../../rehearsal/report/progress";

const nothing = () => undefined;

/** For who asserts what comes out, and watches nothing. */
export const silent: Progress = {
  heading: nothing,
  begin: nothing,
  note: nothing,
  activity: nothing,
  done: nothing,
  failed: nothing,
  say: nothing,
  close: nothing,
};
