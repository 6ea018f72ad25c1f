import { createHash, randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import { EnclaveClient } from '@communique-tee/gateway/features/enclave/enclave-client';
import { jsonArgument } from '../../process/json-argument';
import { runClosedLoop } from '../../load/closed-loop';
import { percentilesOf } from '../../load/percentiles';
import { jobSchema, type EnclaveLoadJob, type EnclaveLoadResult } from './job';
import { messagesFor } from './messages';

// This process makes the load: node tools/run.mjs tools/dev/bench/enclave/load/main.ts <job.json>. It prints one line of JSON.
const SEALED_BEFOREHAND = 3000;
const NONCE_BYTES = 32;
const TIMEOUT_MS = 30_000;

const { target, ...rhythm } = jobSchema.parse(
  await jsonArgument('job.json', 'Loads a booted enclave; started by npm run bench.'),
);
const documents = new Set<string>();
const latenciesMs: number[] = [];
const { send, close } = target.kind === 'enclave' ? await toEnclave(target) : toGateway(target);
const measureFromMs = performance.now() + rhythm.warmUpMs;
const { count, ratePerSecond } = await runClosedLoop(rhythm, async () => {
  const sentMs = performance.now();
  await send();
  if (sentMs >= measureFromMs) latenciesMs.push(performance.now() - sentMs);
});
await close();
const { p50, p99 } = percentilesOf(latenciesMs);
process.stdout.write(
  `${JSON.stringify({ count, ratePerSecond, p50, p99, distinctDocuments: documents.size } satisfies EnclaveLoadResult)}\n`,
);

function seen(document: Uint8Array): void {
  documents.add(createHash('sha256').update(document).digest('base64'));
}

async function toEnclave({ address, ask }: Extract<EnclaveLoadJob['target'], { kind: 'enclave' }>) {
  const client = new EnclaveClient({ address, timeoutMs: TIMEOUT_MS });
  const answerOf = async <Answer>(
    asked: Promise<{ kind: 'answer'; answer: Answer } | { kind: 'problem' | 'unreachable' }>,
  ): Promise<Answer> => {
    const result = await asked;
    if (result.kind !== 'answer') throw new Error(`${ask} ended as ${JSON.stringify(result)}`);
    return result.answer;
  };
  const next = ask === 'message' ? messagesFor(await answerOf(client.attestation()), SEALED_BEFOREHAND) : undefined;
  const send = async () => {
    if (next !== undefined) await answerOf(client.relay(next()));
    else if (ask === 'health') await answerOf(client.health());
    else seen(await answerOf(client.attestation(randomBytes(NONCE_BYTES))));
  };
  return {
    send,
    close: () => {
      client.close();
    },
  };
}

function toGateway({ origin, withNonce }: Extract<EnclaveLoadJob['target'], { kind: 'gateway' }>) {
  const pool = new Pool(origin, { connections: rhythm.senders, pipelining: 1 });
  const send = async () => {
    const path = withNonce ? `/attestation?nonce=${randomBytes(NONCE_BYTES).toString('hex')}` : '/attestation';
    const { statusCode, body } = await pool.request({ path, method: 'GET', headers: { accept: 'application/cose' } });
    const bytes = await body.bytes();
    if (statusCode !== 200) throw new Error(`answered ${String(statusCode)}: ${Buffer.from(bytes).toString()}`);
    seen(bytes);
  };
  return { send, close: () => pool.close() };
}
