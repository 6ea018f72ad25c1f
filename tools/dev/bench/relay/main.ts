import { Pool } from 'undici';
import * as z from 'zod';
import { EnclaveClient } from '@communique-tee/gateway/features/enclave/enclave-client';
import { jsonArgument } from '../process/json-argument';
import { runClosedLoop } from '../load/closed-loop';
import { sealedBodies } from '../load/sealed-bodies';
import { cpuSecondsSince } from '../measure';

// Usage: node tools/run.mjs tools/dev/bench/relay/main.ts <job.json>. Prints one line of JSON.
const { by, port, kib, senders, warmUpMs, durationMs } = z
  .object({
    by: z.enum(['client', 'undici']),
    port: z.int(),
    kib: z.int(),
    senders: z.int(),
    warmUpMs: z.number(),
    durationMs: z.number(),
  })
  .parse(await jsonArgument('job.json', 'Relays to an enclave; started by npm run bench.'));

const bodies = sealedBodies(kib);
const { send, close } = by === 'client' ? parsing() : direct();
let sent = 0;
const cpu = process.cpuUsage();
const { ratePerSecond } = await runClosedLoop({ senders, warmUpMs, durationMs }, () => {
  sent++;
  return send();
});
const ratePerCpuSecond = sent / cpuSecondsSince(cpu);
await close();
process.stdout.write(`${JSON.stringify({ ratePerSecond, ratePerCpuSecond })}\n`);

/** Relays as the gateway's worker does, and reads every part of the answer. */
function parsing() {
  const client = new EnclaveClient({ address: `tcp:127.0.0.1:${String(port)}`, timeoutMs: 10_000 });
  return {
    send: async () => {
      const answered = await client.relay(bodies.next());
      if (answered.kind !== 'answer') throw new Error(`a relay ended as ${JSON.stringify(answered)}`);
    },
    close: () => {
      client.close();
    },
  };
}

/** Exchanges the same bytes without parsing the answer. */
function direct() {
  const pool = new Pool(`http://127.0.0.1:${String(port)}`, { connections: senders, pipelining: 1 });
  return {
    send: async () => {
      const { statusCode, body } = await pool.request({
        path: '/messages',
        method: 'POST',
        headers: { 'content-type': 'application/cbor', accept: 'application/cbor' },
        body: bodies.next(),
      });
      await body.bytes();
      if (statusCode !== 200) throw new Error(`answered ${String(statusCode)}`);
    },
    close: () => pool.close(),
  };
}
