import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { jsonArgument } from '../process/json-argument';
import { cpuSecondsSince } from '../measure';
import { postJobSchema, type PostResult } from './post-job';

// Usage: node tools/run.mjs tools/dev/bench/delivered/post.main.ts <job.json>. Posts the job's messages, and prints one line of JSON.
const { gateway, token, messages, connections, ratePerSecond } = postJobSchema.parse(
  await jsonArgument('job.json', 'Posts sealed messages; started by npm run bench.'),
);
const pool = new Pool(gateway, { connections, pipelining: 1 });
const bodies = messages.map(({ body, sha256 }) => ({ body: Buffer.from(body, 'base64'), sha256 }));
const cpu = process.cpuUsage();
const startedMs = Date.now();
const startedAtMs = performance.now();
const dueMs = messages.map((_, at) => (ratePerSecond === null ? 0 : (at * 1000) / ratePerSecond));
let next = 0;
await Promise.all(Array.from({ length: connections }, sender));
const result: PostResult = {
  dueMs: dueMs.map((due) => startedMs + due),
  cpuMs: cpuSecondsSince(cpu) * 1000,
};
await pool.close();
process.stdout.write(`${JSON.stringify(result)}\n`);

async function sender(): Promise<void> {
  for (let at = next++; ; at = next++) {
    const message = bodies[at];
    if (message === undefined) return;
    const aheadMs = startedAtMs + (dueMs[at] ?? 0) - performance.now();
    if (aheadMs > 0) await sleep(aheadMs);
    const { statusCode, body } = await pool.request({
      path: '/api/messages',
      method: 'POST',
      headers: {
        'content-type': 'application/cbor',
        'idempotency-key': message.sha256,
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      body: message.body,
    });
    const text = await body.text();
    if (statusCode !== 202) throw new Error(`POST answered ${String(statusCode)}: ${text}`);
  }
}
