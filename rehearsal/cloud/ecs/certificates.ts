import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";

/** Issues certificates for outside hosts, trusted only by programs of this rehearsal's tasks. */
export interface CertificateAuthority {
  /** PEM, as `sslCAInfo` takes it. */
  certificate: string;
  /** What a TLS server needs to authenticate as a host. */
  contextOf(host: string): SecureContext;
}

// The rest is RFC 5280 in DER: Node.js reads certificates but cannot write them.
const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;

// Complete object identifiers: 2.5.4.3, 2.5.29.19, 2.5.29.17, 1.2.840.10045.4.3.2.
const COMMON_NAME = Buffer.from("0603550403", "hex");
const BASIC_CONSTRAINTS = Buffer.from("0603551d13", "hex");
const ALTERNATIVE_NAME = Buffer.from("0603551d11", "hex");
const ECDSA_WITH_SHA256 = Buffer.from("06082a8648ce3d040302", "hex");
const TRUE = Buffer.from("0101ff", "hex");

const DAY = 24 * 60 * 60_000;

/** Creates an authority. Its key is never stored and is lost with the rehearsal. */
export function createAuthority(): CertificateAuthority {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const hosts = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = "slipway rehearsal";
  const contexts = new Map<string, SecureContext>();
  const issue = (subject: string, publicKey: KeyObject, extension: Buffer) =>
    certificateOf({ issuer, subject, publicKey, extension, signingKey: authority.privateKey });

  function makeContext(host: string): SecureContext {
    const names = element(SEQUENCE, element(DNS_NAME, Buffer.from(host)));
    const cert = issue(host, hosts.publicKey, extensionOf(ALTERNATIVE_NAME, names));
    return createSecureContext({ cert, key: hosts.privateKey.export({ type: "pkcs8", format: "pem" }) });
  }

  return {
    certificate: issue(issuer, authority.publicKey, extensionOf(BASIC_CONSTRAINTS, element(SEQUENCE, TRUE))),
    contextOf(host) {
      const context = contexts.get(host) ?? makeContext(host);
      contexts.set(host, context);
      return context;
    },
  };
}

interface Certificate {
  issuer: string;
  subject: string;
  publicKey: KeyObject;
  extension: Buffer;
  signingKey: KeyObject;
}

/** @returns PEM */
function certificateOf({ issuer, subject, publicKey, extension, signingKey }: Certificate): string {
  const algorithm = element(SEQUENCE, ECDSA_WITH_SHA256);
  // This machine's time, not the account's: clients compare with it.
  const now = Date.now();
  const signed = element(
    SEQUENCE,
    element(VERSION, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    nameOf(issuer),
    element(SEQUENCE, timeOf(now - DAY), timeOf(now + 30 * DAY)),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    element(EXTENSIONS, element(SEQUENCE, extension)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign("sha256", signed, signingKey)]);
  const certificate = element(SEQUENCE, signed, algorithm, element(BIT_STRING, signature));
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** Critical if it states the certificate's purpose; not if it names the owner, whom the subject names too. */
function extensionOf(identifier: Buffer, value: Buffer): Buffer {
  const critical = identifier === BASIC_CONSTRAINTS ? [TRUE] : [];
  return element(SEQUENCE, identifier, ...critical, element(OCTET_STRING, value));
}

const nameOf = (commonName: string): Buffer =>
  element(SEQUENCE, element(SET, element(SEQUENCE, COMMON_NAME, element(UTF8_STRING, Buffer.from(commonName)))));

/** `260105090000Z` */
const timeOf = (at: number): Buffer =>
  element(UTC_TIME, Buffer.from(`${new Date(at).toISOString().slice(2, 19).replace(/\D/g, "")}Z`));

/** A positive integer: a leading zero keeps the sign; no extra zeros. */
function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const shortest = bytes.subarray(first);
  const negative = (shortest[0] ?? 0) > 0x7f;
  return element(INTEGER, negative ? Buffer.concat([Buffer.from([0]), shortest]) : shortest);
}

function element(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}
