import structPb from 'google-protobuf/google/protobuf/struct_pb.js';

/** Pulumi's marks in property values (sdk/go/common/resource/sig, and plugin.UnknownStringValue). */
const MARK = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const ASSET = 'c44067f5952c0a294b673a41bacd8c17';
/** Text that stands for a value that a preview cannot know. */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

export type Properties = Record<string, unknown>;

export const isRecord = (value: unknown): value is Properties =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isSecret = (value: unknown): value is { value: unknown } => isRecord(value) && value[MARK] === SECRET;

export const asSecret = (value: unknown): unknown => ({ [MARK]: SECRET, value });

/** Secrets in the clear, as AWS gets them. */
export function opened<T>(value: T): T;
export function opened(value: unknown): unknown {
  if (isSecret(value)) return opened(value.value);
  if (Array.isArray(value)) return value.map((each) => opened(each as unknown));
  if (isRecord(value)) return mapped(value, opened);
  return value;
}

export const isKnown = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.every(isKnown)
    : isRecord(value)
      ? Object.values(value).every(isKnown)
      : value !== UNKNOWN;

/** Equal for AWS: whatever the order of members, whether secret or not, and wherever the file of an asset lies. */
export const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(canonical(opened(one))) === JSON.stringify(canonical(opened(other)));

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isRecord(value)) return value;
  if (value[MARK] === ASSET) return { asset: value['hash'] };
  return mapped(Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))), canonical);
}

const mapped = (value: Properties, each: (value: unknown) => unknown): Properties =>
  Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, each(inner)]));

export const fromStruct = (struct: structPb.Struct | undefined): Properties => (struct ? struct.toJavaScript() : {});
export const toStruct = (properties: Properties): structPb.Struct =>
  structPb.Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)) as never);
