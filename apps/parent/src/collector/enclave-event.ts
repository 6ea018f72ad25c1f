/**
 * Of the enclave's log, only the fields on the lists in this file leave this machine. The lists name the fields of
 * apps/enclave/src/runtime/log.ts, of the last line before the enclave ends (process.ts, sealed-environment.ts), and of init (image/init).
 * A spec compares the lists with those sources.
 */
const TEXT = /^[\x20-\x7e]{0,256}$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const MAX_NAMES = 64;

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string' && TEXT.test(value);
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const names: Check = (value) =>
  Array.isArray(value) &&
  value.length <= MAX_NAMES &&
  value.every((each) => typeof each === 'string' && NAME.test(each));

export const EVENT_FIELDS = {
  code: text,
  step: text,
  outcome: text,
  chamber: text,
  count: number,
  durationMs: number,
  driftMs: number,
  bytes: number,
  statusCode: number,
  messageId: text,
  keyId: text,
  enclaveId: text,
  address: text,
  stack: text,
  custody: text,
  pcr0: text,
} as const satisfies Record<string, Check>;

const LAST_WORDS = { name: text, variables: names } as const satisfies Record<string, Check>;
const flag: Check = (value) => typeof value === 'boolean';
const INIT_FIELDS = {
  allowed: text,
  attestedMs: number,
  clocksource: text,
  correctedMs: number,
  correction: text,
  differenceMs: number,
  errno: number,
  exitCode: number,
  hypervisorClock: flag,
  moreThanBytes: number,
  parentCid: number,
  path: text,
  pid: number,
  reason: text,
  rng: text,
  rtc: text,
  seededBytes: number,
  signal: number,
  status: number,
  tookMs: number,
  tries: number,
  uid: number,
} as const satisfies Record<string, Check>;
export const KNOWN_FIELDS: Readonly<Record<string, Check>> = { ...EVENT_FIELDS, ...LAST_WORDS, ...INIT_FIELDS };

const LEVELS = new Set(['info', 'warn', 'error', 'fatal']);
const EVENT = /^[a-z][a-z0-9_]{0,63}$/;
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$/;

export interface EnclaveEvent {
  readonly level: string;
  readonly event: string;
  /** The part of the enclave that claims to have written this: its init, or (absent) the app. */
  readonly part?: 'init';
  /** The enclave's own time, as it reports it. */
  readonly enclaveTime?: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** How many fields were dropped, because they are not on the list or have another type. */
  readonly droppedFields: number;
}

/** Returns the event; undefined if the line is no JSON object, or has no level and event name of the enclave. */
export function readEnclaveEvent(line: string): EnclaveEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { level, event, time, source, ...rest } = value as Record<string, unknown>;
  if (typeof level !== 'string' || !LEVELS.has(level) || typeof event !== 'string' || !EVENT.test(event))
    return undefined;
  const fields: Record<string, unknown> = {};
  let droppedFields = source === undefined || source === 'init' ? 0 : 1;
  for (const [name, content] of Object.entries(rest)) {
    if (Object.hasOwn(KNOWN_FIELDS, name) && KNOWN_FIELDS[name]?.(content) === true) fields[name] = content;
    else droppedFields++;
  }
  const enclaveTime = timeOf(time);
  return {
    level,
    event,
    ...(source === 'init' && { part: 'init' }),
    ...(enclaveTime !== undefined && { enclaveTime }),
    fields,
    droppedFields,
  };
}

/** Returns the time as text. The app writes ISO 8601, and init writes milliseconds since 1970. */
function timeOf(time: unknown): string | undefined {
  if (typeof time === 'string') return TIME.test(time) ? time : undefined;
  return typeof time === 'number' && time >= 0 && time < 1e14 ? new Date(time).toISOString() : undefined;
}
