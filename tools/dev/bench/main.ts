import { CommandLine, EXIT_CODES, UsageError, writableFolder } from '@communique-tee/command-line';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { acceptRows } from './accept-rows';
import { agentsRows } from './agents/rows';
import { attestationRows } from './attestation';
import { dayRows } from './day/rows';
import { decisionRows } from './decision/rows';
import { deliveredProvenRows, deliveredRows } from './delivered/rows';
import { enclaveRows } from './enclave/rows';
import { fullRows } from './full/rows';
import { keysRows } from './keys-rows';
import { latencyRows } from './latency-rows';
import type { Row, Section } from './measure';
import { memoryRows } from './memory/rows';
import { peersRows } from './peers/rows';
import { installVerifiers } from './peers/verifiers';
import { relayRows } from './relay/rows';
import { residenceRows } from './residence/rows';
import { sealingRows } from './sealing';
import { table } from './table';

const SECTIONS: Readonly<Record<string, Section>> = {
  sealing: { title: 'Sealed messages (one core)', rows: sealingRows },
  attestation: { title: 'Attestation documents (one core)', rows: attestationRows },
  accept: { title: 'POST /api/messages: sealed messages of 2 KiB from 64 users over 32 connections', rows: acceptRows },
  relay: { title: 'Relay to an echoing enclave, 16 at once', rows: relayRows },
  delivered: {
    title: 'Messages delivered to three offices, everything on this machine; the chambers set no pace',
    rows: deliveredRows,
  },
  'delivered-proven': {
    title: 'The same as `delivered`, each message with a proof of residence',
    rows: deliveredProvenRows,
  },
  latency: { title: 'Latency at half of the top rate, POSTs due at fixed times', rows: latencyRows },
  memory: { title: 'Memory of the gateway', rows: memoryRows },
  full: { title: 'With a million ended messages and as many entries in the ledger', rows: fullRows },
  decision: { title: 'Limits and budget, decided in Redis', rows: decisionRows },
  keys: { title: 'KMS-sealed keys, and several enclaves', rows: keysRows },
  residence: { title: 'Proof of residence', rows: residenceRows },
  agents: { title: 'Tasks for models', rows: agentsRows },
  peers: { title: "Other projects' programs that do the same", rows: peersRows },
  enclave: { title: 'The image, booted in QEMU', rows: enclaveRows },
  day: { title: "A campaign's day, with faults", rows: dayRows, onlyNamed: true },
};

const AFTER = `
Sections
${Object.entries(SECTIONS)
  .map(([name, { title }]) => `  ${name.padEnd(16)} ${title}\n`)
  .join('')}
A reference that is not installed (nginx, redis-server, redis-benchmark, openssl, socat) is not measured. Without pgbench, a loop
in Node makes the same inserts.
`;

const line = new CommandLine(
  'npm run bench --',
  'Measures our programs beside reference programs in the same run: compare the ratios, not the figures. The program that makes the load runs in a separate process, on the same machine.',
);
line.program
  .argument('[sections...]', 'sections to measure (default: all but day)')
  .option('--json <file>', 'the file for the results as JSON', join('.dev', 'bench.json'))
  .option(
    '--profile <folder>',
    'write CPU profiles here: of the gateway in accept, latency and full, of gateway and enclave in delivered and delivered-proven. The figures are worse then. node tools/run.mjs tools/dev/bench/profile/main.ts <file> reports where the time went',
  )
  .option('--messages <n>', 'day: how many messages are sent (default 100000, over half an hour)', wholeNumber)
  .option('--rate <n>', 'day: how many messages are sent a second, on average (default 50)', wholeNumber)
  .option('--setup', "peers: first build the verifiers to compare with, into the user's cache (Rust, some minutes)")
  .addHelpText('after', `${AFTER}${EXIT_CODES}`)
  .action(line.run(measure));
process.exitCode = await line.parse(process.argv.slice(2));

async function measure(sections: readonly string[], { json, profile, setup, messages, rate }: Given): Promise<number> {
  const unknown = sections.filter((name) => !Object.hasOwn(SECTIONS, name));
  if (unknown.length > 0)
    throw new UsageError(`there is no section ${unknown.join(', ')}; there are ${Object.keys(SECTIONS).join(', ')}`);
  // Fails now, not after minutes of measuring
  const file = resolve(json);
  writableFolder('--json', dirname(file));
  const profileFolder = profile === undefined ? undefined : writableFolder('--profile', profile);
  if (setup === true) {
    const verifiers = await installVerifiers((text) => process.stderr.write(`${text}\n`));
    if ('absent' in verifiers) process.stderr.write(`${verifiers.absent}\n`);
  }
  const results: Record<string, Row[]> = {};
  let kept = true;
  for (const [name, { title, rows, onlyNamed }] of Object.entries(SECTIONS)) {
    if (sections.length > 0 ? !sections.includes(name) : onlyNamed) continue;
    process.stderr.write(`measuring ${name} ...\n`);
    results[name] = await rows({ profileFolder, messages, rate });
    process.stdout.write(`${table(title, results[name])}\n`);
    kept &&= results[name].every(({ value, mustBe }) => mustBe === undefined || value === mustBe);
  }
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length };
  writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), machine, results }, null, 2)}\n`);
  process.stdout.write(`\n${machine.cpu}, ${String(machine.cores)} cores, Node ${machine.node}; as JSON in ${file}\n`);
  return kept ? 0 : 1;
}

interface Given {
  readonly setup?: true;
  readonly json: string;
  readonly profile?: string;
  readonly messages?: number;
  readonly rate?: number;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1_000_000)
    throw new UsageError(`give a whole number from 1 to 1000000, not ${text}`);
  return value;
}
