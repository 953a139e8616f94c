import type { BaseImages } from "./baseImages";
import type { RunConfig } from "./imageStore";
import type { Ignore } from "./patterns";

/** A stage as far as it is built. */
export interface BuiltStage {
  /** The folder of the image's files. */
  root: string;
  config: RunConfig;
  /** ARG values, which RUN sees and the image does not keep. */
  arguments: Map<string, string>;
  /** What runs the shell form of RUN, CMD and ENTRYPOINT. */
  shell: string[];
  /** Whether the stage itself said CMD. */
  command: boolean;
}

export function environmentOf({ Env }: RunConfig): Record<string, string> {
  return Object.fromEntries(Env.map((it) => [it.slice(0, it.indexOf("=")), it.slice(it.indexOf("=") + 1)]));
}

/** What all the stages of a build share. */
export interface Build {
  context: string;
  ignore: Ignore;
  arguments: Map<string, string>;
  globals: Map<string, string>;
  /** By name and by index. */
  stages: Map<string, BuiltStage>;
  /** A home for what RUN runs, outside the image. */
  home: string;
  baseImages: BaseImages;
  print(line: string): void;
  output?: ((line: string) => void) | undefined;
  environment: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
}
