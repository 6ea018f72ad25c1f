import { cutMessage } from './stack-frames';

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const CODE = /^[A-Za-z0-9_.:-]{1,100}$/;
const ROUTE = /^[A-Za-z0-9/:_.*-]{1,100}$/;
const number = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
const matching = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value);

/**
 * The only fields that a log line may have besides its event, with the form of each. A value of another form is dropped, so that no client
 * can put text into the log.
 */
const SHAPES = {
  requestId: matching(ID),
  messageId: matching(ID),
  templateId: matching(ID),
  enclaveId: matching(ID),
  /** The module id of an attestation document, which names instance and enclave. */
  moduleId: matching(ID),
  leaseOwner: matching(ID),
  method: matching(/^[A-Z]{1,10}$/),
  /** The route's pattern, never the requested address. */
  route: matching(ROUTE),
  status: (value: unknown) => number(value) || matching(CODE)(value),
  outcome: matching(CODE),
  code: matching(CODE),
  reason: matching(CODE),
  state: matching(CODE),
  variable: matching(/^[A-Z0-9_]{1,64}$/),
  component: matching(CODE),
  signal: matching(/^SIG[A-Z0-9]{1,12}$/),
  version: matching(CODE),
  host: matching(/^[0-9a-fA-F.:]{1,45}$|^localhost$/),
  port: number,
  pid: number,
  attempt: number,
  attempts: number,
  count: number,
  bytes: number,
  durationMs: number,
  delayMs: number,
  ageMs: number,
  retryAfterSeconds: number,
} as const satisfies Record<string, (value: unknown) => boolean>;

export type LogFields = { readonly [Name in keyof typeof SHAPES]?: string | number | undefined } & {
  /** A thrown value. Its class, code and frames are logged; its message is not. */
  readonly err?: unknown;
};

/** Returns the known fields that have the right form. */
export function allowedFields(fields: LogFields): Record<string, unknown> {
  const allowed: Record<string, unknown> = {};
  for (const [name, hasShape] of Object.entries(SHAPES)) {
    const value = fields[name as keyof typeof SHAPES];
    if (value !== undefined && hasShape(value)) allowed[name] = value;
  }
  if (fields.err !== undefined) allowed['err'] = describeError(fields.err);
  return allowed;
}

/** Class names, codes and stack frames of the error and its causes. A message may quote the request, so it is left out. */
function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const code: unknown = 'code' in error ? error.code : undefined;
  // A message may look like stack frames, so it is cut off first. If it cannot be found, no frames are logged.
  const frames = (cutMessage(error.stack ?? '', error.message) ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 12)
    .map((line) => line.trim());
  return {
    type: matching(CODE)(error.name) ? error.name : 'Error',
    ...(matching(CODE)(code) ? { code } : {}),
    frames,
    ...(error.cause instanceof Error && depth < 4 ? { cause: describeError(error.cause, depth + 1) } : {}),
  };
}
