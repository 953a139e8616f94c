import { expect } from "chai";
import { type AlarmState, evaluate, readAlarm } from "../../../../rehearsal/cloud/cloudWatch/alarm";
import { createTestCloud } from "../../support";
import { ALARM } from "./support";

describe("What an alarm makes of its datapoints", () => {
  const NOW = 600_000;
  const cases: {
    what: string;
    inputs?: Record<string, unknown>;
    /** Value by seconds before now. */
    samples: [number, number][];
    state: AlarmState;
  }[] = [
    { what: "one above the threshold", samples: [[10, 1]], state: "ALARM" },
    { what: "one at the threshold", samples: [[10, 0]], state: "OK" },
    { what: "one before the period", samples: [[300, 1]], state: "OK" },
    { what: "the last moment of the period", samples: [[299, 1]], state: "ALARM" },
    { what: "none, not breaching", samples: [], state: "OK" },
    { what: "none, breaching", samples: [], inputs: { treatMissingData: "breaching" }, state: "ALARM" },
    { what: "none, missing", samples: [], inputs: { treatMissingData: "missing" }, state: "INSUFFICIENT_DATA" },
    { what: "none, ignored", samples: [], inputs: { treatMissingData: "ignore" }, state: "ALARM" },
    {
      what: "a sum below",
      samples: [
        [1, 1],
        [2, 1],
      ],
      inputs: { threshold: 2 },
      state: "OK",
    },
    {
      what: "a sum above",
      samples: [
        [1, 1],
        [2, 2],
      ],
      inputs: { threshold: 2 },
      state: "ALARM",
    },
    {
      what: "a maximum below",
      samples: [
        [1, 1],
        [2, 2],
      ],
      inputs: { threshold: 2, statistic: "Maximum" },
      state: "OK",
    },
    {
      what: "a mean above",
      samples: [
        [1, 1],
        [2, 4],
      ],
      inputs: { threshold: 2, statistic: "Average" },
      state: "ALARM",
    },
    {
      what: "one of two periods, where two are wanted",
      samples: [
        [10, 1],
        [310, 0],
      ],
      inputs: { evaluationPeriods: 2 },
      state: "OK",
    },
    {
      what: "one of two periods, where one will do",
      samples: [
        [10, 1],
        [310, 0],
      ],
      inputs: { evaluationPeriods: 2, datapointsToAlarm: 1 },
      state: "ALARM",
    },
  ];
  for (const { what, inputs, samples, state } of cases)
    it(`${what}: ${state}`, async () => {
      const declaration = {
        urn: "urn",
        type: "aws:cloudwatch/metricAlarm:MetricAlarm",
        name: "alarm",
        inputs: { name: "alarm", namespace: "N", metricName: "M", statistic: "Sum", ...ALARM, ...inputs },
      };
      const cloud = await createTestCloud([]);
      const alarm = readAlarm(cloud, declaration);
      await cloud.close();
      const all = samples.map(([seconds, value]) => ({ at: NOW - seconds * 1000, value }));
      expect(evaluate(alarm, [all], NOW, "ALARM").state).to.equal(state);
    });
});
