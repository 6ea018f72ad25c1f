import { constants } from 'node:os';
import { types } from 'node:util';
import { isProblemCode } from '@communique-tee/protocol';
import { stackFrames, type Frame } from '../stack-frames';

/** All that the gateway reports about a thrown value. */
export interface ErrorFacts {
  /** The name of the error's class; for a value that is not an error, its type. */
  readonly type: string;
  readonly code?: string;
  readonly frames: readonly Frame[];
}

const CLASS = /^[A-Za-z_$][A-Za-z0-9_$]{0,63}$/;
/** Codes of Node, its HTTP client, Fastify, jose (ERR_J...) and Prisma. */
const CODES = /^(?:(?:ERR|FST_ERR|UND_ERR)_[A-Z0-9_]{1,60}|P[1-6][0-9]{3})$/;
const SYSTEM_CODES: ReadonlySet<string> = new Set([
  ...Object.keys(constants.errno),
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
]);
/** Classes of SQLSTATE: PostgreSQL's documentation, appendix A. */
const SQL_STATE = /^(?:0[0-389ABFLPZ]|2[0-8BDF]|34|3[89BDF]|4[0246]|5[3-578]|F0|HV|P0|XX)[0-9A-Z]{3}$/;
const MAX_DEPTH = 4;

/** Returns the facts about a thrown value and then about its causes. Never throws, even if a getter of the value does. */
export function errorFacts(error: unknown, folder: string): ErrorFacts[] {
  const facts: ErrorFacts[] = [];
  try {
    for (let here = error; facts.length < MAX_DEPTH; here = here.cause) {
      facts.push(factsOf(here, folder));
      if (!types.isNativeError(here) || !types.isNativeError(here.cause)) break;
    }
  } catch {
    // Keep the facts found before a getter threw
  }
  return facts;
}

function factsOf(error: unknown, folder: string): ErrorFacts {
  if (!types.isNativeError(error)) return { type: typeof error, frames: [] };
  // `error.name` may contain data; the name of a class comes from source code
  const className: unknown = error.constructor.name;
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: typeof className === 'string' && CLASS.test(className) ? className : 'Error',
    ...(isKnownCode(code) ? { code } : {}),
    frames: stackFrames(error, folder),
  };
}

function isKnownCode(code: unknown): code is string {
  return isProblemCode(code) || (typeof code === 'string' && (CODES.test(code) || SYSTEM_CODES.has(code)));
}

/** Returns the SQLSTATE of an error of Prisma (`meta.driverAdapterError`, `originalCode`) or of the driver (`DatabaseError.code`). */
export function sqlStateOf(error: unknown): string | undefined {
  try {
    let here = error;
    for (let depth = 0; depth < 8 && typeof here === 'object' && here !== null; depth++) {
      const found =
        at(here, 'originalCode') ?? (here.constructor.name === 'DatabaseError' ? at(here, 'code') : undefined);
      if (typeof found === 'string' && SQL_STATE.test(found)) return found;
      const meta = at(here, 'meta');
      here =
        (typeof meta === 'object' && meta !== null ? at(meta, 'driverAdapterError') : undefined) ?? at(here, 'cause');
    }
  } catch {
    // A getter of the error threw
  }
  return undefined;
}

function at(value: object, key: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[key];
}
