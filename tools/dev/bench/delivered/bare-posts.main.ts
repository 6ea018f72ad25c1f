import { Agent, request } from 'node:https';
import * as z from 'zod';
import { runClosedLoop } from '../load/closed-loop';
import { jsonArgument } from '../process/json-argument';

// The reference for deliveries: posts the documents to the Congress simulator over open connections, and does nothing else.
const { url, ca, documents, senders, durationMs } = z
  .object({
    /** The URL for each document. */
    url: z.array(z.string()),
    ca: z.string(),
    documents: z.array(z.string()),
    senders: z.int(),
    durationMs: z.number(),
  })
  .parse(await jsonArgument('job.json', 'Posts documents to the Congress simulator; started by npm run bench.'));
const agent = new Agent({ keepAlive: true, ca });
let count = 0;
const { ratePerSecond } = await runClosedLoop({ senders, warmUpMs: 1000, durationMs }, async () => {
  const number = count++;
  await Promise.all(documents.map((xml, at) => post(url[at] ?? '', withId(xml, number * documents.length + at))));
});
agent.destroy();
process.stdout.write(`${JSON.stringify({ ratePerSecond })}\n`);

function withId(xml: string, number: number): string {
  const id = number.toString(16).toUpperCase().padStart(32, '0');
  return xml.replace(/<DeliveryId>[^<]*<\/DeliveryId>/, `<DeliveryId>${id}</DeliveryId>`);
}

function post(to: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(to, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      incoming.resume().once('end', () => {
        if (incoming.statusCode === 201) resolve();
        else reject(new Error(`the simulator answered ${String(incoming.statusCode)}`));
      });
    });
    outgoing.end(body);
  });
}
