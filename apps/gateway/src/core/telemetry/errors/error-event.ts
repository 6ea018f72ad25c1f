import { randomUUID } from 'node:crypto';
import type { Event } from '@sentry/core';
import { errorFacts, sqlStateOf, type ErrorFacts } from './error-facts';
import { CRASH } from './reported-events';

export interface NotedError {
  /** An event of reported-events.ts. */
  readonly event: string;
  readonly err: unknown;
  /** Fields that went through the log's own allow-list. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly requestId: string | undefined;
  readonly atMs: number;
}

export interface Program {
  /** The program's absolute folder; the paths of frames are relative to it. */
  readonly folder: string;
  /** Identifies the program's bytes: `communique-gateway@<12 hex of SHA-256>`. */
  readonly release: string;
  readonly environment: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const CODE = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const ENCLAVE = /^enclave-[0-9]{1,2}$/;

/**
 * Builds a Sentry event without error messages, because these may contain values. The event contains only:
 * - classes, codes and frames of the error and its causes, and the event's name
 * - the request's method, route template and id, and the enclave's number
 * - the release and the environment
 */
export function errorEvent(
  { event, err, fields, requestId, atMs }: NotedError,
  program: Program,
): Event & { readonly fingerprint: string[] } {
  const facts = err === undefined ? [] : errorFacts(err, program.folder);
  const [outermost] = facts;
  const code = matching(CODE, fields['code']);
  const route = typeof fields['route'] === 'string' ? fields['route'] : undefined;
  const sqlState = sqlStateOf(err);
  const tags = {
    service: 'communique-gateway',
    code: code ?? outermost?.code,
    sqlstate: sqlState,
    method: typeof fields['method'] === 'string' ? fields['method'] : undefined,
    route,
    component: matching(ENCLAVE, fields['component']),
    request_id: matching(UUID, requestId),
  };
  return {
    event_id: randomUUID().replaceAll('-', ''),
    timestamp: atMs / 1000,
    platform: 'node',
    level: event === CRASH ? 'fatal' : 'error',
    logger: 'gateway',
    release: program.release,
    environment: program.environment,
    logentry: { message: event },
    ...(route === undefined ? {} : { transaction: route }),
    ...(facts.length === 0 ? {} : { exception: { values: facts.map((each) => exceptionOf(each, event)).reverse() } }),
    tags: Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== undefined)),
    fingerprint: [
      event,
      ...facts.map(({ type, code: own }) => `${type} ${own ?? ''}`),
      code ?? '',
      sqlState ?? '',
      placeOf(facts),
    ],
  };
}

function exceptionOf({ type, code, frames }: ErrorFacts, event: string) {
  return {
    type,
    value: code ?? event,
    mechanism: { type: 'generic', handled: event !== CRASH },
    // Sentry wants the innermost frame last.
    ...(frames.length === 0 ? {} : { stacktrace: { frames: [...frames].reverse() } }),
  };
}

/**
 * Returns our function in which the innermost error arose. It tells apart two bugs that throw the same class. Unlike a line number, it is
 * the same in the next release.
 */
function placeOf(facts: readonly ErrorFacts[]): string {
  const frame = facts.at(-1)?.frames.find(({ in_app: inApp }) => inApp);
  return frame === undefined
    ? ''
    : (frame.function ?? `${frame.filename}:${String(frame.lineno)}:${String(frame.colno)}`);
}

function matching(pattern: RegExp, value: unknown): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}
