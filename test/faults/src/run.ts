import { CHAMBER_KEYS } from '@communique-tee/protocol';
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import type { TrustPolicy } from '@communique-tee/client';
import { redisAvailability, startRedis, type Redis } from '@communique-tee/testing/redis';
import {
  CALM,
  drawFaultPlan,
  HIGH_RATE_LIMITS,
  inject,
  receivedBy,
  setCongressFaults,
  startSystem,
  type Crash,
  type FaultPlan,
  type Injector,
  type System,
} from '@communique-tee/test-system';
import { checkTrace } from '@communique-tee/test-model';
import { referenceStringForTests } from '@communique-tee/residence/testing';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { readCopy } from './judge/copies';
import { judge } from './judge/judge';
import { findSecrets } from './judge/leaks';
import { openResults } from './judge/open-results';
import { readProgress, readRecord, watchEnds } from './judge/record';
import { readTrace, watchSteps } from './judge/trace';
import type { Violation } from './judge/violation';
import type { Options } from './options';
import { drawFrom } from '@communique-tee/testing/harness';
import { gatewayThatForgets } from './gateway-that-forgets';
import type { Outcome, Phase } from './report/outcome';
import { watchProgress } from './report/progress';
import { Residents } from './senders/residents';
import { Sender } from './senders/sender';
import type { SentMessage } from './senders/sent-message';

const USERS = 10;
/** How long the messages may take to end after the last fault. */
const REST_MS = 180_000;

/** Short times let many leases expire during a run. No user reaches the high caps. */
export const GATEWAY_ENVIRONMENT = {
  ENCLAVE_TIMEOUT_MS: '5000',
  DELIVERY_LEASE_MS: '7000',
  DELIVERY_MIN_BACKOFF_MS: '50',
  DELIVERY_MAX_BACKOFF_MS: '1000',
  DELIVERY_POLL_MS: '200',
  ...HIGH_RATE_LIMITS,
  MESSAGES_PER_USER_DAY: '0',
  DELIVERY_PRICE_PER_OFFICE: '0.01',
  DEFAULT_USER_DAILY_LIMIT: '1000000',
  SYSTEM_HOURLY_LIMIT: '1000000',
  EMERGENCY_SHUTDOWN_THRESHOLD: '1000000',
};

/** Starts the system in `folder`, sends, injects faults and judges. @throws the error that kept the run from being judged */
export async function run(
  options: Options,
  folder: string,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Outcome> {
  const stops = new AsyncDisposableStack();
  try {
    const available = redisAvailability({ own: true });
    const redis = available.available ? await startRedis({ own: true }) : undefined;
    if (!available.available) say(`WITHOUT REDIS: ${available.reason}`);
    if (redis !== undefined) stops.defer(() => redis.stop());
    const referenceString = options.proven === 0 ? undefined : referenceStringForTests();
    if (options.proven > 0 && referenceString === undefined)
      say('WITHOUT PROOFS: this machine has no reference string to prove with');
    const residents = referenceString && (await Residents.start(join(folder, 'registrar'), referenceString));
    if (residents !== undefined) stops.defer(() => residents.stop());
    const system = await startSystem({
      folder,
      ...(residents && { residence: { mode: 'optional', registrar: residents.registrar } }),
      gateways: options.gateways,
      enclaves: options.enclaves,
      keys: options.keys,
      withoutDeduplication: options.deduplicates ? [] : CHAMBER_KEYS,
      postgresSettings: { fsync: 'on', full_page_writes: 'on' },
      gatewayEnvironment: GATEWAY_ENVIRONMENT,
      otherGateway: options.forgetsDispatch ? (program) => gatewayThatForgets(program, folder) : undefined,
      ...(redis === undefined ? {} : { redisUrl: redis.url }),
      step: async (title, work) => {
        signal.throwIfAborted();
        if (options.verbose) say(title);
        return work();
      },
    });
    stops.defer(() => system.stop());
    signal.throwIfAborted();
    return await sendAndJudge(options, { system, residents, redis }, signal, say);
  } finally {
    await stops.disposeAsync();
  }
}

interface Running {
  readonly system: System;
  readonly residents: Residents | undefined;
  readonly redis: Redis | undefined;
}

async function sendAndJudge(
  options: Options,
  { system, residents, redis }: Running,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Outcome> {
  await watchEnds(system.databaseUrl);
  await watchSteps(system.databaseUrl);
  const startedMs = performance.now();
  const totalMs = options.minutes * 60_000;
  const sent = new Map<string, SentMessage>();
  const failures: Violation[] = [];
  const senders = await makeSenders(options, { system, residents }, startedMs + totalMs + REST_MS, signal);
  const plan = drawFaultPlan(options.seed, totalMs, options);
  say(
    `plan: ${String(plan.kills.length)} kills, ${String(plan.episodes.length)} episodes of Congress, ${String(options.minutes)} min`,
  );
  const injector = inject(plan, { system, redis }, signal, options.verbose ? say : () => undefined);
  const progress = watchProgress({ system, sent, injector, total: options.messages, say });
  try {
    const due = sendingTimes(options, totalMs, plan);
    const failed = (about: string) => (error: unknown) => {
      failures.push({
        rule: 'sender_failed',
        about,
        detail:
          error instanceof Error && 'code' in error
            ? String(error.code)
            : error instanceof Error
              ? error.name
              : 'unknown',
      });
    };
    await Promise.all(senders.map((sender) => sendInTurn(sender, options.seed, due, startedMs, sent, signal, failed)));
    await injector.finished;
    signal.throwIfAborted();

    const quiet = await comeToRest(system, signal);
    const first = await judgePhase(options, system, sent, quiet, false);
    const retired = first.record.messages.filter(({ status }) => status === 'key_retired');
    say(
      `first judgement: ${String(first.phase.violations.length)} violations; ${String(retired.length)} to be sealed again`,
    );
    const again = retired.flatMap(({ id }) => sent.get(id) ?? []);
    await Promise.all(
      senders.slice(0, USERS).map(async (sender) => {
        const own = again.filter(({ user, ballot }) =>
          ballot === null ? user === sender.user : sender === senders[0],
        );
        for (const message of own) if (!signal.aborted) await sender.sealAgain(message).catch(failed(message.id));
      }),
    );
    if (residents !== undefined) failures.push(...(await findSecrets(system, residents.secrets)));
    const second = await judgePhase(options, system, sent, await comeToRest(system, signal), true);
    const trace = await judgeTrace(options, system, sent, injector.injected.crashes, second.phase.quiet);
    failures.push(...trace.violations);
    return {
      options,
      phases: [first.phase, second.phase],
      trace,
      failures,
      sent: [...sent.values()],
      injected: injector.injected,
      withRedis: redis !== undefined,
      struck: await strikes(system),
      seconds: Math.round((performance.now() - startedMs) / 1000),
    };
  } finally {
    progress.stop();
    await settled(injector);
  }
}

function makeSenders(
  options: Options,
  { system, residents }: Pick<Running, 'system' | 'residents'>,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Sender[]> {
  const policy = policyOf(system);
  return Promise.all(
    Array.from({ length: options.clients }, async (_, at) => {
      const user = `sender-${String(at % USERS)}`;
      return new Sender({
        gateways: system.gatewayUrls,
        policy,
        user,
        token: await system.issuer.token(user, 24 * 3600),
        deadlineMs,
        signal,
        residents,
        provenShare: options.proven / options.messages,
      });
    }),
  );
}

interface Due {
  readonly name: string;
  readonly atMs: number;
}

/**
 * Draws a sending time for each message, and sorts by it. About half of the times are just before a kill, so that the killed process was
 * working on messages.
 */
function sendingTimes({ seed, messages }: Options, totalMs: number, { kills }: FaultPlan): Due[] {
  const draw = drawFrom(seed, 'sending times');
  const [first, ...rest] = kills;
  const times = Array.from({ length: messages }, () => {
    if (first === undefined || draw.chance(0.5)) return draw.between(0, totalMs);
    return Math.max(0, draw.one([first, ...rest]).atMs - draw.between(0, 400));
  });
  return times.sort((a, b) => a - b).map((atMs, at) => ({ name: `message ${String(at + 1)}`, atMs }));
}

async function sendInTurn(
  sender: Sender,
  seed: number,
  due: Due[],
  startedMs: number,
  sent: Map<string, SentMessage>,
  signal: AbortSignal,
  failed: (about: string) => (error: unknown) => void,
): Promise<void> {
  for (let next = due.shift(); next !== undefined && !signal.aborted; next = due.shift()) {
    const { name, atMs } = next;
    await sleep(Math.max(0, startedMs + atMs - performance.now()), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await sender.send(drawFrom(seed, name), (message) => sent.set(message.id, message)).catch(failed(name));
  }
}

async function judgePhase(
  options: Options,
  system: System,
  sent: ReadonlyMap<string, SentMessage>,
  quiet: boolean,
  resealed: boolean,
): Promise<{ phase: Phase; record: Awaited<ReturnType<typeof readRecord>> }> {
  const database = await readRecord(system.databaseUrl);
  const copies = (await receivedBy(system.congress)).map(readCopy);
  const results = await openResults(database.messages, sent, policyOf(system));
  const violations = judge({
    sent,
    database,
    results,
    copies,
    deduplicates: options.deduplicates,
    keysSealed: options.keys === 'sealed',
    resealed,
  });
  const marks = new Set(copies.map(({ mark }) => mark));
  const unknownWithoutCopy = database.messages.filter(
    ({ id, status }) => status === 'unknown' && !marks.has(sent.get(id)?.mark ?? null),
  ).length;
  return {
    record: database,
    phase: {
      violations,
      unknownWithoutCopy,
      quiet,
      copies: copies.length,
      receipts: results.size,
      ends: countBy(database.messages.map(({ status }) => status)),
    },
  };
}

/** Checks every recorded step, and every copy that Congress received, against the model's transitions. */
async function judgeTrace(
  options: Options,
  system: System,
  sent: ReadonlyMap<string, SentMessage>,
  crashes: readonly Crash[],
  quiet: boolean,
): Promise<Outcome['trace'] & { readonly violations: readonly Violation[] }> {
  const ids = new Map([...sent.values()].map(({ id, mark }) => [mark, id]));
  const copies = (await receivedBy(system.congress)).map(readCopy).flatMap(({ mark, office, atMs }) => {
    const message = mark === null ? undefined : ids.get(mark);
    return message === undefined ? [] : { message, office, atMs };
  });
  const events = await readTrace(system.databaseUrl, copies, crashes);
  if (options.trace !== null)
    await writeFile(options.trace, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const startedMs = performance.now();
  const deviations = checkTrace(events, { everythingEnds: quiet });
  return {
    steps: events.length,
    checkedMs: Math.round(performance.now() - startedMs),
    violations: deviations.map(({ message, event, why }) => ({
      rule: 'not_a_transition',
      about: message,
      detail: `${event}: ${why}`,
    })),
  };
}

/** Ends the faults of Congress, and waits until all messages have ended. @returns false if some have not after `REST_MS` */
async function comeToRest(system: System, signal: AbortSignal): Promise<boolean> {
  await setCongressFaults(system, CALM);
  const deadlineMs = performance.now() + REST_MS;
  while (performance.now() < deadlineMs) {
    signal.throwIfAborted();
    const progress = await readProgress(system.databaseUrl).catch(() => null);
    if (progress?.waiting === 0) return true;
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

async function strikes(system: System): Promise<Record<string, number>> {
  const response = await fetch(`${system.congress.controlUrl}/faults`);
  return z.record(z.string(), z.number()).parse(await response.json());
}

export function policyOf(system: System): TrustPolicy {
  return {
    acceptedMeasurements: system.accepted,
    trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function settled({ finished }: Injector): Promise<void> {
  return finished.catch(() => undefined);
}
