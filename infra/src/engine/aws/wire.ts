import structPb from 'google-protobuf/google/protobuf/struct_pb.js';
import { MARK, opened, SECRET } from '../property-values';

export { opened };

/** Pulumi's mark of an asset (sdk/go/common/resource/sig). */
const ASSET = 'c44067f5952c0a294b673a41bacd8c17';
/** The text that Pulumi writes in place of a value that a preview cannot know. */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

export type Properties = Record<string, unknown>;

export const isRecord = (value: unknown): value is Properties =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const asSecret = (value: unknown): unknown => ({ [MARK]: SECRET, value });

export const isKnown = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.every(isKnown)
    : isRecord(value)
      ? Object.values(value).every(isKnown)
      : value !== UNKNOWN;

/** Whether two values are equal for AWS. The order of members, secrecy and the path of an asset's file do not matter. */
export const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(canonical(opened({ one }).one)) === JSON.stringify(canonical(opened({ other }).other));

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
