const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

const NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** An element of text elements, in S3's namespace; omits undefined fields. */
export const xml = (name: string, fields: object): string => element(name, fields, NAMESPACE);

/** An error body, which has no namespace: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export const errorXml = (fields: object): string => element("Error", fields, "");

function element(name: string, fields: object, namespace: string): string {
  const inner = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `<${field}>${escapeText(String(value))}</${field}>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${namespace}>${inner.join("")}</${name}>`;
}

/** The text of all elements with this name. Enough for the only document sent to S3: a list of parts. */
export function elements(document: string, name: string): string[] {
  const found = document.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>(.*?)</${name}>`, "gs"));
  return [...found].map(([, inner = ""]) => (inner.includes("<") ? inner : unescapeText(inner)));
}

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function unescapeText(text: string): string {
  return Object.entries(entities)
    .reverse()
    .reduce((result, [character, entity]) => result.replaceAll(entity, character), text)
    .replaceAll("&#34;", '"');
}
