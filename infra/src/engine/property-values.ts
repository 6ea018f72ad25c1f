/** Pulumi's marks in property values (sdk/go/common/resource/sig). */
export const MARK = '4dabf18193072939515e22adb298388d';
export const SECRET = '1b47061264138c4ac30d75fd1eb44270';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isSecret = (value: unknown): value is { value: unknown } => isRecord(value) && value[MARK] === SECRET;

function map(value: unknown, secret: (inner: unknown) => unknown): unknown {
  if (isSecret(value)) return secret(value.value);
  if (Array.isArray(value)) return value.map((each) => map(each, secret));
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, map(each, secret)]));
  return value;
}

/** Returns the value as AWS gets it, without the marks of secrets. */
export const opened = (value: Record<string, unknown>): Record<string, unknown> =>
  map(value, (inner) => inner) as Record<string, unknown>;

/** Names of the inputs that are secret or contain a secret. */
export const secretNames = (value: Record<string, unknown>): string[] =>
  Object.keys(value).filter((name) => {
    let found = false;
    map(value[name], () => {
      found = true;
    });
    return found;
  });
