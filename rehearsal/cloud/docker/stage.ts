import type { BaseImages } from "./baseImages";
import type { RunConfig } from "./imageStore";
import type { Ignore } from "./patterns";

/** The current state of a stage's build. */
export interface BuiltStage {
  /** The folder of the image's files. */
  root: string;
  config: RunConfig;
  /** ARG values: visible to RUN, not kept in the image. */
  arguments: Map<string, string>;
  /** The shell for the shell form of RUN, CMD and ENTRYPOINT. */
  shell: string[];
  /** Whether the stage itself set CMD. */
  command: boolean;
}

export function environmentOf({ Env }: RunConfig): Record<string, string> {
  return Object.fromEntries(Env.map((it) => [it.slice(0, it.indexOf("=")), it.slice(it.indexOf("=") + 1)]));
}

/** Shared by all stages of a build. */
export interface Build {
  context: string;
  ignore: Ignore;
  arguments: Map<string, string>;
  globals: Map<string, string>;
  /** By name and by index. */
  stages: Map<string, BuiltStage>;
  /** HOME for RUN's processes, outside the image. */
  home: string;
  baseImages: BaseImages;
  print(line: string): void;
  output?: ((line: string) => void) | undefined;
  environment: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
}
