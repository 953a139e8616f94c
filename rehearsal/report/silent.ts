import type { Progress } from "./progress";

const nothing = () => undefined;

/** Shows nothing: for tests, and for deliveries that only prepare an account. */
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
