import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/**
 * Does all Redis reads and writes of one request in one round trip.
 *
 * KEYS, in this order:
 * - the address's window
 * - if the token is good: the user's window
 * - if the route may spend money: three cached refusals, of the emergency stop, the user's day and the system's hour
 *   (budget/cached-refusals.ts)
 *
 * ARGV: window in milliseconds, quota, the longest life of a cached refusal in milliseconds, how many of the keys are windows (1 or 2).
 *
 * Returns { count, ms left } of each window. If the address is over its quota, the user's window is left out. If neither is over its quota
 * and a refusal is cached, { value or nil, ms left } of each cached-refusal key follows. PostgreSQL, not this script, decides about money.
 *
 * The script does not trust the values in Redis. A window whose value is not a count starts again at 1. A window whose expiry is missing or
 * too late gets a new expiry. A cached value whose expiry is missing or too late, or that is longer than any code, is deleted.
 */
export const DECISION_SCRIPT = `
local window, quota, life, windows = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function count(key)
  local n = redis.pcall('INCR', key)
  if type(n) == 'table' then
    local garbage = string.find(n.err, 'WRONGTYPE', 1, true) or string.find(n.err, 'not an integer', 1, true) or string.find(n.err, 'overflow', 1, true)
    if not garbage then return n end
    n = 0
  end
  if n < 1 then
    redis.call('SET', key, 1, 'PX', window)
    return 1, window
  end
  local left = n > 1 and redis.call('PTTL', key) or -1
  if left < 0 or left > window then
    redis.call('PEXPIRE', key, window)
    left = window
  end
  return n, left
end

local counted = {}
for i = 1, windows do
  local n, left = count(KEYS[i])
  if type(n) == 'table' then return n end
  counted[2 * i - 1], counted[2 * i] = n, left
  if n > quota then return counted end
end
if #KEYS == windows then return counted end

local reply = { unpack(counted) }
local values = redis.call('MGET', unpack(KEYS, windows + 1))
local any = false
for i = 1, #KEYS - windows do
  local key = KEYS[windows + i]
  local value, left = values[i], 0
  if value then
    left = redis.call('PTTL', key)
    if left < 0 or left > life or #value > 40 then
      redis.call('DEL', key)
      value = false
    else
      any = true
    end
  end
  reply[2 * (windows + i) - 1], reply[2 * (windows + i)] = value, left
end
if not any then return counted end
return reply
`;

const SHA1 = createHash('sha1').update(DECISION_SCRIPT).digest('hex');

/** The state of one window, in Redis or in this process, after it counted a request. */
export interface Counted {
  readonly count: number;
  readonly leftMs: number;
}

/** A cached value as Redis returned it, not validated. */
export interface CachedValue {
  readonly value: string | null;
  readonly leftMs: number;
}

export interface ScriptAnswer {
  readonly address: Counted;
  /** Absent if no user's window was given, or if the address is over its quota. */
  readonly user?: Counted;
  /** In the order of the keys; empty if no refusal is cached. */
  readonly cached: readonly CachedValue[];
}

/** How many of the keys are windows. 1: the address's; 2: the address's and the user's. */
export type WindowKeys = 1 | 2;
/** ARGV of the script. */
export type DecisionArguments = readonly [windowMs: number, quota: number, lifeMs: number, windows: WindowKeys];

/** @throws the error of Redis or the connection; Error for an answer that this script cannot give */
export async function runDecisionScript(
  redis: Redis,
  keys: readonly string[],
  args: DecisionArguments,
): Promise<ScriptAnswer> {
  try {
    return parse(await redis.evalsha(SHA1, keys.length, ...keys, ...args), args[3]);
  } catch (error) {
    // After a restart, a failover or SCRIPT FLUSH, Redis does not know the script: send its text.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return parse(await redis.eval(DECISION_SCRIPT, keys.length, ...keys, ...args), args[3]);
  }
}

/** Probe-only keys; they expire after one second. */
const PROBED_KEYS = ['communique:rate:probe:address', 'communique:rate:probe:user', 'communique:budget:probe'];

/**
 * Resolves if the script can run on this Redis. Rejects for a replica, a cluster and a Redis user with too few rights.
 * @throws the error of Redis
 */
export async function probeDecisionScript(redis: Redis): Promise<void> {
  parse(
    await redis.eval(DECISION_SCRIPT, PROBED_KEYS.length, ...PROBED_KEYS, 1000, Number.MAX_SAFE_INTEGER, 1000, 2),
    2,
  );
}

function parse(reply: unknown, windows: WindowKeys): ScriptAnswer {
  const parts: readonly unknown[] = Array.isArray(reply) ? reply : [];
  const number = (at: number): number => {
    const value = parts[at];
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new Error('the answer of redis is not one of the decision script');
    return value;
  };
  const address = { count: number(0), leftMs: number(1) };
  if (parts.length < 4) return { address, cached: [] };
  const user = windows === 2 ? { count: number(2), leftMs: number(3) } : undefined;
  const cached: CachedValue[] = [];
  for (let at = 2 * windows; at < parts.length; at += 2) {
    const value = parts[at];
    cached.push({ value: typeof value === 'string' ? value : null, leftMs: number(at + 1) });
  }
  return user === undefined ? { address, cached } : { address, user, cached };
}
