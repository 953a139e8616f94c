import { format } from "node:util";

const LEVELS = { trace: "TRACE", debug: "DEBUG", info: "INFO", log: "INFO", warn: "WARN", error: "ERROR" } as const;
type Level = (typeof LEVELS)[keyof typeof LEVELS];

export interface Logging {
  /** Logs one event of the runtime. */
  write(level: Level, message: string): void;
  /** Sends standard output that has no newline yet. */
  flush(): void;
}

/**
 * Sends console lines to the log as the Node.js runtime does, with time, request id and level. Lines of standard output
 * and standard error are sent unchanged.
 */
export function captureLogs(
  logFormat: "Text" | "JSON",
  requestId: () => string | undefined,
  send: (line: string) => void,
): Logging {
  function write(level: Level, ...message: unknown[]): void {
    const timestamp = new Date().toISOString();
    if (logFormat === "Text") send(`${timestamp}\t${requestId()}\t${level}\t${format(...message)}`);
    // The default application log level of the JSON format is INFO.
    else if (level !== "TRACE" && level !== "DEBUG")
      send(JSON.stringify({ timestamp, level, requestId: requestId(), message: structured(message) }));
  }
  for (const [method, level] of Object.entries(LEVELS) as [keyof typeof LEVELS, Level][])
    console[method] = (...message: unknown[]) => write(level, ...message);
  const flushes = [captureLines(process.stdout, send), captureLines(process.stderr, send)];
  return {
    write,
    flush: () => {
      for (const flush of flushes) flush();
    },
  };
}

/** A single object stays an object, so that Logs Insights can search its fields, unless JSON cannot express it. */
function structured(message: unknown[]): unknown {
  const [only] = message;
  if (message.length > 1 || only instanceof Error) return format(...message);
  try {
    JSON.stringify(only);
    return only;
  } catch {
    return format(only);
  }
}

function captureLines(stream: NodeJS.WriteStream, send: (line: string) => void): () => void {
  const decoder = new TextDecoder();
  let rest = "";
  stream.write = (chunk: string | Uint8Array, ...options: unknown[]) => {
    const lines = (rest + (typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }))).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) send(line);
    const done = options.at(-1);
    if (typeof done === "function") process.nextTick(() => done());
    return true;
  };
  return () => {
    if (rest !== "") send(rest);
    rest = "";
  };
}
