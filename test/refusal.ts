/** The error of what must not succeed. */
export async function refusal(attempt: Promise<unknown>): Promise<Error> {
  const value = await attempt.catch((error: Error) => error);
  if (value instanceof Error) return value;
  throw new Error(`It was not refused, and gave ${JSON.stringify(value)}.`);
}

export const refusalMessage = async (attempt: Promise<unknown>): Promise<string> => (await refusal(attempt)).message;

/** `name: message` */
export async function namedRefusal(attempt: Promise<unknown>): Promise<string> {
  const { name, message } = await refusal(attempt);
  return `${name}: ${message}`;
}
