import { readFile } from 'node:fs/promises';
import { CHAMBER_KEYS, forEachChamber, type Chamber } from '@communique-tee/protocol';
import * as z from 'zod';
import { measuredResidence, type ResidenceSettings } from './development-enclave';

const chamber = z.object({ origin: z.url(), apiKey: z.string(), messagePath: z.string(), deduplicates: z.boolean() });
const describedSchema = z.object({ ...forEachChamber(() => chamber), certificateAuthority: z.string() });

/** The vsock ports of the parent's egress proxies, by chamber. */
export const EGRESS_PORTS = forEachChamber((chamber) => 8001 + CHAMBER_KEYS.indexOf(chamber));
export const APP_PORT = 5000;

export interface ImageConfiguration {
  /** The enclave's configuration for an image. */
  configuration: object;
  /** The routes of the parent's egress proxy. */
  routes: readonly { chamber: Chamber; vsockPort: number; destination: string }[];
}

/** Returns the configuration for a test image. The enclave delivers to the running simulator, and trusts only the simulator's authority. */
export async function imageConfiguration(
  congressFile: string,
  residence?: ResidenceSettings,
): Promise<ImageConfiguration> {
  const described = describedSchema.parse(JSON.parse(await readFile(congressFile, 'utf8')));
  const certificateAuthorities = await readFile(described.certificateAuthority, 'utf8');
  const endOf = ({ origin, apiKey, messagePath, deduplicates }: z.infer<typeof chamber>) => ({
    ...{ origin, messagePath, deduplicates, certificateAuthorities, apiKeyReadableInImage: apiKey },
    ...{ minIntervalMs: 0, timeoutMs: 20_000 },
  });
  const routeOf = (name: Chamber) => {
    const { hostname: host, port } = new URL(described[name].origin);
    return { host, port: port === '' ? 443 : Number(port), vsockPort: EGRESS_PORTS[name] };
  };
  return {
    configuration: {
      stack: 'emulated',
      ...(residence && { residence: measuredResidence(residence) }),
      listen: `vsock:${String(APP_PORT)}`,
      egress: { mode: 'vsock', routes: CHAMBER_KEYS.map(routeOf) },
      services: {
        congress: {
          deliveryAgent: {
            name: 'communique-tee tests',
            ackEmail: 'ack@example.org',
            contactName: 'communique-tee developers',
            contactEmail: 'developers@example.org',
            contactPhone: '202-555-0100',
          },
          ...forEachChamber((chamber) => endOf(described[chamber])),
          acceptReplayAcrossEnclaves: !CHAMBER_KEYS.every((chamber) => described[chamber].deduplicates),
          retry: { firstSeconds: 1, longestSeconds: 5 },
        },
      },
    },
    routes: CHAMBER_KEYS.map((name) => {
      const { host, port, vsockPort } = routeOf(name);
      return { chamber: name, vsockPort, destination: `${host}:${String(port)}` };
    }),
  };
}
