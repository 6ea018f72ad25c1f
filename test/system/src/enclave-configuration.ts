import { readFile } from 'node:fs/promises';
import * as z from 'zod';

const chamber = z.object({ origin: z.string(), apiKey: z.string(), messagePath: z.string(), deduplicates: z.boolean() });
const describedSchema = z.object({ house: chamber, senate: chamber, controlUrl: z.string(), certificateAuthority: z.string() });
export type DescribedCongress = z.infer<typeof describedSchema>;

/** What the running simulator says of itself. */
export async function readCongress(file: string): Promise<DescribedCongress> {
  return describedSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}

/** The enclave's configuration file for a system of this machine: the simulator as Congress, its authority as the only one trusted. */
export async function enclaveConfiguration(listen: string, congress: DescribedCongress): Promise<object> {
  const certificateAuthorities = await readFile(congress.certificateAuthority, 'utf8');
  const settings = ({ origin, apiKey, messagePath, deduplicates }: z.infer<typeof chamber>) => ({
    origin,
    messagePath,
    deduplicates,
    apiKeyReadableInImage: apiKey,
    certificateAuthorities,
    minIntervalMs: 0,
    timeoutMs: 10_000,
  });
  return {
    stack: 'development',
    listen,
    egress: { mode: 'direct' },
    congress: {
      deliveryAgent: {
        name: 'communique-tee development',
        ackEmail: 'ack@example.org',
        contactName: 'communique-tee developers',
        contactEmail: 'developers@example.org',
        contactPhone: '202-555-0100',
      },
      house: settings(congress.house),
      senate: settings(congress.senate),
    },
  };
}
