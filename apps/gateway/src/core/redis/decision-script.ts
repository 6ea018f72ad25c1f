import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/**
 * Everything that Redis is asked for one request, in one round trip.
 *
 * KEYS: the address's window; the user's window, if the token is good; then, if the route spends money, the cached refusals of the
 * emergency stop, of the user's day and of the system's hour (budget/cached-refusals.ts). ARGV: window in milliseconds, quota, the longest
 * life of a cached refusal in milliseconds.
 *
 * Returns { count, ms left } of the address and, unless it is over its quota, of the user; then, unless that one is over and if any refusal
 * is cached, { value or nil, ms left } of each. It decides nothing about money.
 *
 * Nothing in Redis is trusted to be ours: what is no count starts over, a window without an end or with one too far away gets one, and a
 * cached value that would outlive its time or is longer than any code is deleted.
 */
export const DECISION_SCRIPT = `
local window, quota, life = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

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

local address, address_left = count(KEYS[1])
if type(address) == 'table' then return address end
if address > quota or #KEYS == 1 then return { address, address_left } end

local user, user_left = count(KEYS[2])
if type(user) == 'table' then return user end
if user > quota or #KEYS == 2 then return { address, address_left, user, user_left } end

local reply = { address, address_left, user, user_left }
local values = redis.call('MGET', unpack(KEYS, 3))
local any = false
for i = 1, #KEYS - 2 do
  local value, left = values[i], 0
  if value then
    left = redis.call('PTTL', KEYS[i + 2])
    if left < 0 or left > life or #value > 40 then
      redis.call('DEL', KEYS[i + 2])
      value = false
    else
      any = true
    end
  end
  reply[3 + 2 * i], reply[4 + 2 * i] = value, left
end
if not any then return { address, address_left, user, user_left } end
return reply
`;

const SHA1 = createHash('sha1').update(DECISION_SCRIPT).digest('hex');

/** A window of Redis or of this process after a request was counted in it. */
export interface Counted {
  readonly count: number;
  readonly leftMs: number;
}

/** As it was read; not trusted yet. */
export interface CachedValue {
  readonly value: string | null;
  readonly leftMs: number;
}

export interface ScriptAnswer {
  readonly address: Counted;
  /** Absent where it was not asked for, and where the address is over its quota. */
  readonly user?: Counted;
  /** In the order of the keys; empty where there is none. */
  readonly cached: readonly CachedValue[];
}

/** @throws whatever Redis or the connection says; an answer that is not the script's is an Error too */
export async function runDecisionScript(
  redis: Redis,
  keys: readonly string[],
  args: readonly number[],
): Promise<ScriptAnswer> {
  try {
    return parse(await redis.evalsha(SHA1, keys.length, ...keys, ...args));
  } catch (error) {
    // A Redis that was restarted, failed over or told SCRIPT FLUSH: the text once more.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return parse(await redis.eval(DECISION_SCRIPT, keys.length, ...keys, ...args));
  }
}

/** Probe-only keys; they expire after one second. */
const PROBED_KEYS = ['communique:rate:probe:address', 'communique:rate:probe:user', 'communique:budget:probe'];

/**
 * Resolves where the script would run: this Redis takes writes, scripts, and keys of both kinds, which a replica, a cluster or a user with too few
 * rights does not. @throws what it says instead
 */
export async function probeDecisionScript(redis: Redis): Promise<void> {
  parse(await redis.eval(DECISION_SCRIPT, PROBED_KEYS.length, ...PROBED_KEYS, 1000, Number.MAX_SAFE_INTEGER, 1000));
}

function parse(reply: unknown): ScriptAnswer {
  const parts: readonly unknown[] = Array.isArray(reply) ? reply : [];
  const number = (at: number): number => {
    const value = parts[at];
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new Error('redis answered something else than the script');
    return value;
  };
  const address = { count: number(0), leftMs: number(1) };
  if (parts.length < 4) return { address, cached: [] };
  const user = { count: number(2), leftMs: number(3) };
  const cached: CachedValue[] = [];
  for (let at = 4; at < parts.length; at += 2) {
    const value = parts[at];
    cached.push({ value: typeof value === 'string' ? value : null, leftMs: number(at + 1) });
  }
  return { address, user, cached };
}
