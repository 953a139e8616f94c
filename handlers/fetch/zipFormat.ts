/*
 * The records of a zip file, as far as archives need them. Not a library: yazl and others compress contents themselves,
 * and cannot write already compressed ones.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */

export interface ZipEntry {
  /** As `latin1`; a folder's name ends with a slash. */
  name: string;
  /** Unix mode with the file type. */
  mode: number;
  /** Whether {@link name} is declared as UTF-8. */
  isUtf8: boolean;
  method: number;
  crc32: number;
  compressedSize: number;
  size: number;
  /** MS-DOS time and date. */
  time: number;
  date: number;
  /** Seconds since the epoch. */
  modified: number | undefined;
}

const UTF8 = 1 << 11;
/** "Version made by": Unix, so that the mode is used and backslashes in names are not treated as slashes. */
const UNIX = 3 << 8;
const VERSION = 20;
const VERSION_64 = 45;
const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;
const DOS_FOLDER = 0x10;

/** The header before the content. The sizes are already known, so no data descriptor follows the content. */
export function localHeader(entry: ZipEntry): Buffer {
  const extra = extraFields(entry);
  const header = Buffer.alloc(30 + entry.name.length + extra.length);
  header.writeUInt32LE(0x04034b50, 0);
  writeCommon(header, 4, entry, extra);
  header.write(entry.name, 30, "latin1");
  extra.copy(header, 30 + entry.name.length);
  return header;
}

/** The record in the central directory. @param offset of the local header, below 4 GiB */
export function directoryRecord(entry: ZipEntry, offset: number): Buffer {
  const extra = extraFields(entry);
  const record = Buffer.alloc(46 + entry.name.length + extra.length);
  record.writeUInt32LE(0x02014b50, 0);
  record.writeUInt16LE(UNIX | versionOf(entry), 4);
  writeCommon(record, 6, entry, extra);
  const attributes = entry.mode * 2 ** 16 + (entry.name.endsWith("/") ? DOS_FOLDER : 0);
  record.writeUInt32LE(attributes, 38);
  record.writeUInt32LE(offset, 42);
  record.write(entry.name, 46, "latin1");
  extra.copy(record, 46 + entry.name.length);
  return record;
}

/** The fields that both headers share, from "version needed" to the length of the extra fields. */
function writeCommon(target: Buffer, at: number, entry: ZipEntry, extra: Buffer): void {
  const is64 = isLarge(entry);
  target.writeUInt16LE(versionOf(entry), at);
  target.writeUInt16LE(entry.isUtf8 ? UTF8 : 0, at + 2);
  target.writeUInt16LE(entry.method, at + 4);
  target.writeUInt16LE(entry.time, at + 6);
  target.writeUInt16LE(entry.date, at + 8);
  target.writeUInt32LE(entry.crc32, at + 10);
  target.writeUInt32LE(is64 ? MAX_32 : entry.compressedSize, at + 14);
  target.writeUInt32LE(is64 ? MAX_32 : entry.size, at + 18);
  target.writeUInt16LE(entry.name.length, at + 22);
  target.writeUInt16LE(extra.length, at + 24);
}

const isLarge = ({ size, compressedSize }: ZipEntry): boolean => size >= MAX_32 || compressedSize >= MAX_32;

const versionOf = (entry: ZipEntry): number => (isLarge(entry) ? VERSION_64 : VERSION);

/** The 64-bit sizes of a large entry, and the modification time, which git adds because MS-DOS's time has no zone. */
function extraFields(entry: ZipEntry): Buffer {
  const sizes = isLarge(entry) ? 20 : 0;
  const extra = Buffer.alloc(sizes + (entry.modified === undefined ? 0 : 9));
  if (sizes > 0) {
    extra.writeUInt16LE(0x0001, 0);
    extra.writeUInt16LE(16, 2);
    extra.writeBigUInt64LE(BigInt(entry.size), 4);
    extra.writeBigUInt64LE(BigInt(entry.compressedSize), 12);
  }
  if (entry.modified !== undefined) {
    extra.writeUInt16LE(0x5455, sizes);
    extra.writeUInt16LE(5, sizes + 2);
    extra.writeUInt8(1, sizes + 4);
    extra.writeInt32LE(entry.modified, sizes + 5);
  }
  return extra;
}

/** The records after the central directory. @param offset of the central directory, below 4 GiB */
export function endRecords(count: number, size: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, MAX_16), 8);
  end.writeUInt16LE(Math.min(count, MAX_16), 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  return count < MAX_16 ? end : Buffer.concat([endRecords64(count, size, offset), end]);
}

function endRecords64(count: number, size: number, offset: number): Buffer {
  const records = Buffer.alloc(56 + 20);
  records.writeUInt32LE(0x06064b50, 0);
  records.writeUInt32LE(44, 4);
  records.writeUInt16LE(UNIX | VERSION_64, 12);
  records.writeUInt16LE(VERSION_64, 14);
  records.writeBigUInt64LE(BigInt(count), 24);
  records.writeBigUInt64LE(BigInt(count), 32);
  records.writeBigUInt64LE(BigInt(size), 40);
  records.writeBigUInt64LE(BigInt(offset), 48);
  records.writeUInt32LE(0x07064b50, 56);
  records.writeBigUInt64LE(BigInt(offset + size), 64);
  records.writeUInt32LE(1, 72);
  return records;
}
