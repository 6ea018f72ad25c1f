import { readFile } from 'node:fs/promises';
import * as z from 'zod';

const chamber = z.object({ origin: z.url(), apiKey: z.string(), messagePath: z.string(), deduplicates: z.boolean() });
const describedSchema = z.object({ house: chamber, senate: chamber, certificateAuthority: z.string() });

/** The ports of the parent's proxies, by chamber. */
export const EGRESS_PORTS = { house: 8001, senate: 8002 } as const;
export const APP_PORT = 5000;

export interface ImageConfiguration {
  /** The enclave's configuration for an image. */
  configuration: object;
  /** For the parent's egress proxy. */
  routes: readonly { chamber: 'house' | 'senate'; vsockPort: number; destination: string }[];
}

/** What a stack for tests has in its image: the simulator that runs now as Congress, its authority the only one trusted. */
export async function imageConfiguration(congressFile: string): Promise<ImageConfiguration> {
  const described = describedSchema.parse(JSON.parse(await readFile(congressFile, 'utf8')));
  const certificateAuthorities = await readFile(described.certificateAuthority, 'utf8');
  const chamberOf = ({ origin, apiKey, messagePath, deduplicates }: z.infer<typeof chamber>) => ({
    ...{ origin, messagePath, deduplicates, certificateAuthorities, apiKeyReadableInImage: apiKey },
    ...{ minIntervalMs: 0, officeMinIntervalMs: 0, timeoutMs: 20_000 },
  });
  const routeOf = (name: 'house' | 'senate') => {
    const { hostname: host, port } = new URL(described[name].origin);
    return { host, port: port === '' ? 443 : Number(port), vsockPort: EGRESS_PORTS[name] };
  };
  return {
    configuration: {
      stack: 'emulated',
      listen: `vsock:${String(APP_PORT)}`,
      egress: { mode: 'vsock', routes: [routeOf('house'), routeOf('senate')] },
      congress: {
        deliveryAgent: {
          name: 'communique-tee tests',
          ackEmail: 'ack@example.org',
          contactName: 'communique-tee developers',
          contactEmail: 'developers@example.org',
          contactPhone: '202-555-0100',
        },
        house: chamberOf(described.house),
        senate: chamberOf(described.senate),
      },
    },
    routes: (['house', 'senate'] as const).map((name) => {
      const { host, port, vsockPort } = routeOf(name);
      return { chamber: name, vsockPort, destination: `${host}:${String(port)}` };
    }),
  };
}
