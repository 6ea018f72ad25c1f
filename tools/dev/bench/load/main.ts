import { jsonArgument } from '../process/json-argument';
import { cpuSecondsSince } from '../measure';
import { runClosedLoop } from './closed-loop';
import { jobSchema, type LoadResult } from './job';
import { runOpenLoop } from './open-loop';
import { percentilesOf } from './percentiles';
import { requestsOf } from './requests';

// This process makes the load: node tools/run.mjs tools/dev/bench/load/main.ts <job.json>. It prints one line of JSON.
const { rhythm, ...what } = jobSchema.parse(
  await jsonArgument('job.json', 'Loads a gateway; started by npm run bench.'),
);
const { send, close } = requestsOf(what, rhythm.kind === 'closed' ? rhythm.senders : rhythm.connections);
const startedMs = performance.now();
const cpu = process.cpuUsage();
let measured: Omit<LoadResult, 'loaderCores'>;
if (rhythm.kind === 'closed') {
  measured = { ...(await runClosedLoop(rhythm, send)), latencyMs: null };
} else {
  const latencyMs = percentilesOf(await runOpenLoop(rhythm, send));
  measured = { ratePerSecond: rhythm.ratePerSecond, count: latencyMs.count, latencyMs };
}
const loaderCores = (cpuSecondsSince(cpu) * 1000) / (performance.now() - startedMs);
await close();
process.stdout.write(`${JSON.stringify({ ...measured, loaderCores } satisfies LoadResult)}\n`);
