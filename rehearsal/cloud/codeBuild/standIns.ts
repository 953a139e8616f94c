import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { docker } from "../docker/command";
import { npmCommand, writeProgram } from "../docker/programs";
import { aws } from "./aws";
import { startProgramServer } from "./programServer";

// Output of docker without a daemon: CodeBuild starts one only in privileged mode.
const withoutDaemon = `#!/bin/sh
echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2
exit 1
`;

/** The commands that builds use instead of those of AWS's build image. */
export interface StandIns {
  /** Folders for the PATH of a build that may run Docker. */
  privileged: string[];
  /** Folders for the PATH of a build that may not run Docker. */
  unprivileged: string[];
  close(): Promise<void>;
}

/** Writes the stand-ins as executables. */
export async function installStandIns(folder: string): Promise<StandIns> {
  const server = await startProgramServer();
  const privileged = path.join(folder, "privileged");
  const unprivileged = path.join(folder, "unprivileged");
  const tools = path.join(folder, "tools");
  await server.install(tools, "aws", aws);
  await server.install(privileged, "docker", docker);
  await mkdir(unprivileged);
  await writeFile(path.join(unprivileged, "docker"), withoutDaemon, { mode: 0o755 });
  const npm = npmCommand("npm");
  if (npm !== undefined) writeProgram(tools, "npm", npm);
  return { privileged: [privileged, tools], unprivileged: [unprivileged, tools], close: server.close };
}
