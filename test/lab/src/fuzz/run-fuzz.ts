import { drawFrom, temporaryFolder, type Draw } from '@communique-tee/testing/harness';
import type { Reply } from '../http';
import { readChangedConfiguration } from './configuration';
import { startFuzzWorld, type FuzzWorld } from './fuzz-world';
import { TARGETS, type Observation, type Target } from './targets';

export interface FuzzOptions {
  readonly seed: number;
  readonly seconds: number;
  /** If given, the run tries only this case. */
  readonly only?: number;
  readonly progress?: (line: string) => void;
}

/** A fault of the enclave, and how to reproduce it. */
export interface FuzzFinding {
  readonly what: string;
  readonly target: string;
  readonly case: number;
  readonly input: Uint8Array;
}

export interface FuzzResult {
  readonly cases: Readonly<Record<string, number>>;
  readonly findings: readonly FuzzFinding[];
  /** How many answers had each status and code. */
  readonly answers: Readonly<Record<string, number>>;
  /** How much the enclave's memory has grown since the first `WARM_UP_CASES` cases. */
  readonly grownBytes: number;
}

const HANG_MS = 20_000;
const WARM_UP_CASES = 200;
const HEALTH_EVERY = 25;
const PROGRESS_EVERY_MS = 5_000;
/** More growth than this is a leak. Less can be garbage that Node has not collected yet. */
export const MAX_GROWN_BYTES = 350 * 1024 * 1024;
/** A run ends after this many findings, because further cases would mostly repeat them. */
const MAX_FINDINGS = 5;

const CONFIGURATION: Target = { name: 'configuration', weight: 12, run: () => Promise.reject(new Error('not here')) };
const WEIGHTED = [...TARGETS, CONFIGURATION].flatMap((target) =>
  Array.from({ length: target.weight }, () => target),
) as [Target, ...Target[]];

/** Sends changed inputs to an enclave for the given time, and checks the enclave's health meanwhile. */
export async function runFuzz({ seed, seconds, only, progress = () => undefined }: FuzzOptions): Promise<FuzzResult> {
  const world = await startFuzzWorld();
  const folder = await temporaryFolder('fuzz-');
  const findings: FuzzFinding[] = [];
  const cases: Record<string, number> = {};
  const answers: Record<string, number> = {};
  let warm: number | null = null;
  const untilMs = performance.now() + seconds * 1000;
  let nextProgressMs = performance.now() + PROGRESS_EVERY_MS;
  const isOver = (number: number) =>
    only === undefined ? performance.now() >= untilMs || findings.length >= MAX_FINDINGS : number > only;
  try {
    for (let number = only ?? 0; !isOver(number); number++) {
      const draw = drawFrom(seed, `case ${String(number)}`);
      const target = draw.one(WEIGHTED);
      cases[target.name] = (cases[target.name] ?? 0) + 1;
      const { observation, problem } = await one(target, draw, world, folder.file('enclave.json'));
      const { reply, input } = observation;
      if (reply) {
        const answer = `${String(reply.status)} ${reply.code ?? ''}`.trim();
        answers[answer] = (answers[answer] ?? 0) + 1;
      }
      const isChecked = number % HEALTH_EVERY === 0 || problem !== null;
      const ill = world.parent.machine.isRunning()
        ? isChecked
          ? await illness(world)
          : null
        : 'the enclave has ended';
      for (const what of [problem, ill])
        if (what !== null) findings.push({ what, target: target.name, case: number, input });
      if (ill !== null) break;
      if (number === WARM_UP_CASES) warm = world.parent.machine.memoryBytes();
      world.parent.exchanges.length = 0;
      world.parent.egress.connections.length = 0;
      if (performance.now() > nextProgressMs) {
        nextProgressMs += PROGRESS_EVERY_MS;
        progress(`${String(number)} cases, ${String(findings.length)} findings`);
      }
    }
    const grownBytes = (world.parent.machine.memoryBytes() ?? 0) - (warm ?? world.parent.machine.memoryBytes() ?? 0);
    if (grownBytes > MAX_GROWN_BYTES) findings.push(atTheEnd(`holds ${String(grownBytes >> 20)} MiB more than before`));
    const work = world.parent.machine.isRunning() ? await stillDelivers(world) : null;
    if (work !== null) findings.push(atTheEnd(work));
    return { cases, findings, answers, grownBytes };
  } finally {
    await world.lab.stop();
    await folder.remove();
  }
}

const atTheEnd = (what: string): FuzzFinding => ({ what, target: 'all', case: -1, input: new Uint8Array() });

async function one(
  target: Target,
  draw: Draw,
  world: FuzzWorld,
  file: string,
): Promise<{ observation: Observation; problem: string | null }> {
  try {
    const observation =
      target === CONFIGURATION
        ? { input: readChangedConfiguration(draw, file), reply: null }
        : await inTime(target.run(draw, world));
    return { observation, problem: problemOf(target, observation) };
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { observation: { input: new Uint8Array(), reply: null }, problem: `no answer: ${what}` };
  }
}

function problemOf({ mayFail = [] }: Target, { reply }: Observation): string | null {
  if (reply === null || reply.status < 400) return null;
  if (isNodesOwn(reply)) return null;
  if (reply.code === null) return `${String(reply.status)} without a code`;
  return reply.status < 500 || ['enclave_busy', ...mayFail].includes(reply.code)
    ? null
    : `${String(reply.status)} ${reply.code}`;
}

/** Whether Node itself replied: it answers an unknown Expect header or a missing Host header without a body. */
function isNodesOwn({ status, body }: Reply): boolean {
  return [400, 417].includes(status) && (body.length === 0 || body.toString('latin1').endsWith('\r\n\r\n'));
}

async function illness({ parent }: FuzzWorld): Promise<string | null> {
  try {
    const { status } = await inTime(parent.ask('GET', '/health'));
    return status === 200 ? null : `health is ${String(status)}`;
  } catch (error) {
    return `health is not answered: ${String(error)}`;
  }
}

/** Checks that the enclave still delivers a genuine message, with a receipt that verifies. Returns what is wrong, or null. */
async function stillDelivers({ parent }: FuzzWorld): Promise<string | null> {
  try {
    const message = await parent.seal({ offices: ['HCA12'] });
    const { receipt } = await parent.read(await parent.relay(message), message);
    const [office] = receipt.claims.offices;
    return office?.outcome === 'accepted' ? null : `a genuine message ends as ${String(office?.outcome)}`;
  } catch (error) {
    return `a genuine message is not delivered: ${String(error)}`;
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${String(HANG_MS / 1000)} s`)), HANG_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
