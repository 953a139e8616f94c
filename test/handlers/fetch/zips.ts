import { crc32, deflateRawSync } from "node:zlib";

/** An entry of a zip made by hand, with every mistake that a test wants. What is left out is right. */
export interface HandmadeEntry {
  /** As `latin1`. */
  name: string;
  content?: string | Buffer;
  mode?: number;
  /** Deflated unless told otherwise. */
  method?: number;
  flags?: number;
  extra?: Buffer;
  /** Instead of the compressed content. */
  data?: Buffer;
  /** What the directory says instead of the truth. */
  claims?: { crc32?: number; compressedSize?: number; size?: number; offset?: number };
  /** What the local header says instead. */
  local?: { name?: string; method?: number };
  /** Sizes and checksum follow the content, as where the writer did not know them before. */
  descriptor?: boolean;
  /** Sizes and offset are in the 64-bit extra field. */
  is64?: boolean;
}

const DESCRIPTOR = 1 << 3;
const MAX_32 = 0xffffffff;

/** @param count of entries, if the end of the directory says another; @param is64 whether that is in 64 bits */
export function handmadeZip(
  entries: HandmadeEntry[],
  { comment = "", is64 = false, count = entries.length }: { comment?: string; is64?: boolean; count?: number } = {},
): Buffer {
  const locals: Buffer[] = [];
  const records: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, record } = encode(entry, offset);
    locals.push(local);
    records.push(record);
    offset += local.length;
  }
  const directory = Buffer.concat(records);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(is64 ? 0xffff : count, 8);
  end.writeUInt16LE(is64 ? 0xffff : count, 10);
  end.writeUInt32LE(is64 ? MAX_32 : directory.length, 12);
  end.writeUInt32LE(is64 ? MAX_32 : offset, 16);
  end.writeUInt16LE(comment.length, 20);
  const ends = is64 ? [end64(count, directory.length, offset), end] : [end];
  return Buffer.concat([...locals, directory, ...ends, Buffer.from(comment)]);
}

function encode(entry: HandmadeEntry, offset: number): { local: Buffer; record: Buffer } {
  const { name, mode = 0, claims = {}, local = {}, extra = Buffer.alloc(0) } = entry;
  const content = Buffer.from(entry.content ?? "");
  const method = entry.method ?? (content.length > 0 ? 8 : 0);
  const data = entry.data ?? (method === 8 ? deflateRawSync(content) : content);
  const flags = (entry.flags ?? 0) | (entry.descriptor ? DESCRIPTOR : 0);
  const truth = { crc32: crc32(content), compressedSize: data.length, size: content.length, offset };
  const said = { ...truth, ...claims };
  const known = entry.descriptor ? { crc32: 0, compressedSize: 0, size: 0 } : truth;
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  writeCommon(header, 4, { flags, method: local.method ?? method, ...known });
  const localName = Buffer.from(local.name ?? name, "latin1");
  header.writeUInt16LE(localName.length, 26);
  const sizes = entry.is64 ? sizes64(said) : Buffer.alloc(0);
  const record = Buffer.alloc(46);
  record.writeUInt32LE(0x02014b50, 0);
  record.writeUInt16LE(mode === 0 ? 0 : 0x0317, 4);
  const masked = entry.is64 ? { ...said, compressedSize: MAX_32, size: MAX_32, offset: MAX_32 } : said;
  writeCommon(record, 6, { flags, method, ...masked });
  record.writeUInt16LE(name.length, 28);
  record.writeUInt16LE(sizes.length + extra.length, 30);
  record.writeUInt32LE(mode * 2 ** 16, 38);
  record.writeUInt32LE(masked.offset, 42);
  const descriptor = entry.descriptor ? [descriptorOf(truth)] : [];
  return {
    local: Buffer.concat([header, localName, data, ...descriptor]),
    record: Buffer.concat([record, Buffer.from(name, "latin1"), sizes, extra]),
  };
}

interface Common {
  flags: number;
  method: number;
  crc32: number;
  compressedSize: number;
  size: number;
}

function writeCommon(target: Buffer, at: number, { flags, method, crc32, compressedSize, size }: Common): void {
  target.writeUInt16LE(20, at);
  target.writeUInt16LE(flags, at + 2);
  target.writeUInt16LE(method, at + 4);
  // 10:00 on 5 January 2026.
  target.writeUInt16LE(10 << 11, at + 6);
  target.writeUInt16LE((46 << 9) | (1 << 5) | 5, at + 8);
  target.writeUInt32LE(crc32, at + 10);
  target.writeUInt32LE(compressedSize, at + 14);
  target.writeUInt32LE(size, at + 18);
}

function descriptorOf({ crc32, compressedSize, size }: Omit<Common, "flags" | "method">): Buffer {
  const descriptor = Buffer.alloc(16);
  descriptor.writeUInt32LE(0x08074b50, 0);
  descriptor.writeUInt32LE(crc32, 4);
  descriptor.writeUInt32LE(compressedSize, 8);
  descriptor.writeUInt32LE(size, 12);
  return descriptor;
}

function sizes64({ size, compressedSize, offset }: { size: number; compressedSize: number; offset: number }): Buffer {
  const field = Buffer.alloc(28);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(24, 2);
  for (const [index, value] of [size, compressedSize, offset].entries()) {
    field.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  }
  return field;
}

function end64(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(76);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeBigUInt64LE(BigInt(count), 24);
  end.writeBigUInt64LE(BigInt(count), 32);
  end.writeBigUInt64LE(BigInt(size), 40);
  end.writeBigUInt64LE(BigInt(offset), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(offset + size), 64);
  end.writeUInt32LE(1, 72);
  return end;
}
