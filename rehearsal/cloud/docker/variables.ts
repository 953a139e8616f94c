/** A variable's value, or undefined if unset. */
export type Lookup = (name: string) => string | undefined;

/** Splits at white space outside quotes. Quotes and escapes stay; `expand` removes them. */
export function words(text: string): string[] {
  return text.match(/(?:\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|'[^']*'|[^\s\\"'])+/g) ?? [];
}

/** Replaces `$name`, `${name}`, `${name:-word}` and `${name:+word}`, and removes quotes and escapes. */
export function expand(text: string, lookup: Lookup): string {
  const token =
    /'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|\\([\s\S])|\$\{(\w+)(?:(:?[-+])((?:[^{}]|\$\{[^}]*\})*))?\}|\$(\w+)/g;
  return text.replace(token, (_, single, double, escaped, braced, operator, word, bare) => {
    if (single !== undefined) return single;
    if (double !== undefined) return expandQuoted(double, lookup);
    if (escaped !== undefined) return escaped;
    return resolve(braced ?? bare, operator, word ?? "", lookup);
  });
}

/** Within double quotes a backslash is literal unless it escapes `"`, `$` or another backslash. */
function expandQuoted(text: string, lookup: Lookup): string {
  const token = /\\(["$\\])|\$\{(\w+)(?:(:?[-+])((?:[^{}]|\$\{[^}]*\})*))?\}|\$(\w+)/g;
  return text.replace(token, (_, escaped, braced, operator, word, bare) =>
    escaped !== undefined ? escaped : resolve(braced ?? bare, operator, word ?? "", lookup),
  );
}

function resolve(name: string, operator: string | undefined, word: string, lookup: Lookup): string {
  const value = lookup(name);
  const present = operator?.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
  if (operator?.endsWith("-")) return present ? (value ?? "") : expand(word, lookup);
  if (operator?.endsWith("+")) return present ? expand(word, lookup) : "";
  return value ?? "";
}

/** `A=1 B="two words"`, or the older `A the rest of the line`. */
export function assignments(text: string, lookup: Lookup): [name: string, value: string][] {
  const [first = ""] = words(text);
  if (!first.includes("=")) return [[first, expand(text.slice(first.length).trim(), lookup)]];
  return words(text).map((word) => {
    const at = word.indexOf("=");
    return [expand(word.slice(0, at), lookup), expand(word.slice(at + 1), lookup)];
  });
}
