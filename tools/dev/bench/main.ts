import { workspaceRoot } from '@communique-tee/testing/harness';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { acceptRows } from './accept/rows';
import { attestationRows } from './attestation';
import { decisionRows } from './decision/rows';
import { enclaveRows } from './enclave/rows';
import { fullRows } from './full/rows';
import { keysRows } from './keys/rows';
import { latencyRows } from './latency/rows';
import type { Row } from './measure';
import { memoryRows } from './memory/rows';
import { relayRows } from './relay/rows';
import { sealingRows } from './sealing';
import type { Section } from './section';
import { table } from './table';

const SECTIONS: Readonly<Record<string, Section>> = {
  sealing: { title: 'Sealed messages (one core)', rows: sealingRows },
  attestation: { title: 'Attestation documents (one core)', rows: attestationRows },
  accept: { title: 'POST /api/messages: sealed messages of 2 KiB from 64 users over 32 connections', rows: acceptRows },
  relay: { title: 'Relay to an echoing enclave, 16 at once', rows: relayRows },
  latency: { title: 'Latency at half of the top rate, POSTs due at fixed times', rows: latencyRows },
  memory: { title: 'Memory of the gateway', rows: memoryRows },
  full: { title: 'With a million ended messages and as many entries in the ledger', rows: fullRows },
  decision: { title: 'Limits and budget, one decision of Redis', rows: decisionRows },
  keys: { title: 'Keys that outlive an enclave, and several enclaves', rows: keysRows },
  enclave: { title: 'The image, booted in QEMU', rows: enclaveRows },
};

const HELP = `Measures, each beside its reference in the same run; the ratios are what counts. What loads runs in a process of
its own, on the same machine. A reference that is not installed (pgbench, nginx, redis-server, redis-benchmark, openssl,
socat) is said to be not measured.

  npm run bench [-- <section> ...]   all unless named:
${Object.entries(SECTIONS)
  .map(([name, { title }]) => `    ${name.padEnd(12)} ${title}\n`)
  .join('')}
  --json <file>        where the results go as JSON (default .dev/bench.json)
  --profile <folder>   CPU profiles of the gateway in accept, latency and full go there; the figures are lower then.
                       node tools/run.mjs tools/dev/bench/profile/main.ts <file> says where the time went
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string', default: join(workspaceRoot(), '.dev', 'bench.json') },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !Object.hasOwn(SECTIONS, name));
if (values.help || unknown.length > 0) {
  (unknown.length > 0 ? process.stderr : process.stdout).write(
    unknown.length > 0 ? `unknown section: ${unknown.join(', ')}\n\n${HELP}` : HELP,
  );
  process.exitCode = unknown.length > 0 ? 2 : 0;
} else {
  const results: Record<string, Row[]> = {};
  for (const [name, { title, rows }] of Object.entries(SECTIONS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    process.stderr.write(`measuring ${name} ...\n`);
    results[name] = await rows({ profileFolder: values.profile });
    process.stdout.write(`${table(title, results[name])}\n`);
  }
  const file = resolve(values.json);
  mkdirSync(dirname(file), { recursive: true });
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
  writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), machine, results }, null, 2)}\n`);
  process.stdout.write(`\n${machine.cpu}, ${String(machine.cores)} cores, Node ${machine.node}; as JSON in ${file}\n`);
}
