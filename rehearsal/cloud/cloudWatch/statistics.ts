const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

export const STATISTICS = {
  Sum: sum,
  Maximum: (values: number[]) => Math.max(...values),
  Minimum: (values: number[]) => Math.min(...values),
  Average: (values: number[]) => sum(values) / values.length,
  SampleCount: (values: number[]) => values.length,
};

export type Statistic = keyof typeof STATISTICS;

export const isStatistic = (name: string): name is Statistic => Object.hasOwn(STATISTICS, name);
