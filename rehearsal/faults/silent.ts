import type { Progress } from "../report/progress";

const nothing = () => undefined;

/** Shows nothing: the deliveries of an account that is being set up are not what the report is about. */
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
