// Signatures in Pulumi's wire format for values that JSON cannot express (sdk/nodejs/runtime/rpc.ts).
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";

/** A file of an archive: text from the program, or a path in the project. */
export type Asset = { kind: "asset"; text: string } | { kind: "asset"; path: string };
/** A declared archive: named entries, or a folder or archive file of the project. */
export type Archive = { kind: "archive"; assets: Record<string, Asset | Archive> } | { kind: "archive"; path: string };

type Wire = Record<string, unknown>;

const isObject = (value: unknown): value is Wire => value !== null && typeof value === "object";

/** A decoded wire value: secrets unwrapped, assets and archives in our own shape. */
export function fromWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromWire);
  if (!isObject(value)) return value;
  switch (value[SIGNATURE]) {
    case SECRET:
      return fromWire(value.value);
    case ASSET:
      return typeof value.text === "string" ? { kind: "asset", text: value.text } : { kind: "asset", path: value.path };
    case ARCHIVE:
      return typeof value.path === "string"
        ? { kind: "archive", path: value.path }
        : { kind: "archive", assets: fromWire(value.assets) };
    default:
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromWire(item)]));
  }
}

/** Whether a wire value is or contains a secret: the engine then keeps the whole property secret. */
export function holdsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsSecret);
  if (!isObject(value)) return false;
  return value[SIGNATURE] === SECRET || Object.values(value).some(holdsSecret);
}

export const asSecret = (value: unknown) => ({ [SIGNATURE]: SECRET, value });
