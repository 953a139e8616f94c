// MiB of memory for CPU units. A plain object: Pulumi cannot serialise a Map that a handler refers to.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
const SIZES: Readonly<Record<number, readonly number[]>> = {
  256: [512, 1024, 2048],
  512: steps(1024, 4096, 1024),
  1024: steps(2048, 8192, 1024),
  2048: steps(4096, 16384, 1024),
  4096: steps(8192, 30720, 1024),
  8192: steps(16384, 61440, 4096),
  16384: steps(32768, 122880, 8192),
};

/** CPU units of Fargate's task sizes. */
export const FARGATE_CPU: readonly number[] = Object.keys(SIZES).map(Number);

/** MiB of memory that Fargate offers for these CPU units, in ascending order. */
export function fargateMemory(cpu: number): readonly number[] {
  return SIZES[cpu] ?? [];
}

function steps(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step);
}
