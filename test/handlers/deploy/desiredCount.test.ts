import { expect } from "chai";
import { countToRestore, decideCount } from "../../../handlers/deploy/desiredCount";
import type { ServiceState } from "../../../handlers/deploy/state";

const recorded = (value: string) => [
  { key: "environment", value: "0" },
  { key: "slipway:count", value },
];

describe("desired count", () => {
  const deliveries: [string, Parameters<typeof decideCount>[0], ReturnType<typeof decideCount>][] = [
    [
      "is raised by the first delivery",
      { wanted: 2, current: 0, delivered: false, tags: [] },
      { first: true, count: 2 },
    ],
    [
      "is set by the first delivery, whatever it was",
      { wanted: 2, current: 3, delivered: false, tags: [] },
      { first: true, count: 2 },
    ],
    ["is left if it is right", { wanted: 2, current: 2, delivered: true, tags: recorded("2") }, {}],
    [
      "becomes what the configuration wants",
      { wanted: 2, current: 5, delivered: true, tags: recorded("2") },
      { count: 2, before: 5 },
    ],
    [
      "becomes 0 by configuration",
      { wanted: 0, current: 2, delivered: true, tags: recorded("2") },
      { count: 0, before: 2 },
    ],
    ["stays 0 by hand", { wanted: 2, current: 0, delivered: true, tags: recorded("2") }, {}],
    ["stays 0 by hand, where nothing is recorded", { wanted: 2, current: 0, delivered: true, tags: [] }, {}],
    [
      "leaves 0 by configuration when the configuration wants more",
      { wanted: 2, current: 0, delivered: true, tags: recorded("0") },
      { count: 2, before: 0 },
    ],
    ["stays 0 by configuration", { wanted: 0, current: 0, delivered: true, tags: recorded("0") }, {}],
    [
      "becomes what the configuration wants if it was raised by hand from 0 by configuration",
      { wanted: 2, current: 3, delivered: true, tags: recorded("0") },
      { count: 2, before: 3 },
    ],
  ];
  for (const [what, observation, decision] of deliveries) {
    it(what, () => {
      expect(decideCount(observation)).to.deep.equal(decision);
    });
  }

  const state: ServiceState = { service: "web", previous: "web:1", next: "web:2" };
  const rollbacks: [string, Partial<ServiceState>, number, number | undefined][] = [
    ["is not restored if the delivery did not change it", {}, 2, undefined],
    ["is restored from the failed delivery's", { count: 2, before: 5 }, 2, 5],
    ["is restored from 0", { count: 0, before: 2 }, 0, 2],
    ["is restored to 0", { count: 2, before: 0 }, 2, 0],
    ["is not restored twice", { count: 2, before: 5 }, 5, undefined],
    ["is left to who has set it since", { count: 2, before: 5 }, 7, undefined],
    ["goes to 0 after a failed first delivery", { first: true, count: 2 }, 2, 0],
    ["goes to 0 after a failed first delivery, whatever it is by now", { first: true, count: 2 }, 3, 0],
    ["is left at 0 after a failed first delivery", { first: true, count: 2 }, 0, undefined],
    ["is left at 0 after a failed first delivery of none", { first: true, count: 0 }, 0, undefined],
  ];
  for (const [what, change, desired, count] of rollbacks) {
    it(what, () => {
      expect(countToRestore({ ...state, ...change }, desired)).to.equal(count);
    });
  }
});
