import { expect } from "chai";
import { FARGATE_CPU, fargateMemory } from "../../../handlers/shared/fargate";

describe("Fargate size", () => {
  // CPU units, the least and the most memory, and how many sizes there are from the one to the other.
  const sizes: [number, number, number, number][] = [
    [256, 512, 2048, 3],
    [512, 1024, 4096, 4],
    [1024, 2048, 8192, 7],
    [2048, 4096, 16384, 13],
    [4096, 8192, 30720, 23],
    [8192, 16384, 61440, 12],
    [16384, 32768, 122880, 12],
  ];
  for (const [cpu, least, most, count] of sizes) {
    it(`of ${cpu} CPU units has ${least} to ${most} MiB`, () => {
      const memory = fargateMemory(cpu);
      expect([memory[0], memory.at(-1), memory.length]).to.deep.equal([least, most, count]);
    });
  }

  it("of other CPU units there is none", () => {
    expect(FARGATE_CPU).to.deep.equal(sizes.map(([cpu]) => cpu));
    expect(fargateMemory(300)).to.deep.equal([]);
  });
});
