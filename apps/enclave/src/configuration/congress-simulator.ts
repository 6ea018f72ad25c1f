import { CHAMBERS, CHAMBER_KEYS, forEachChamber } from '@communique-tee/protocol';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import * as z from 'zod';
import { ConfigurationError } from '../runtime/configuration-file';

const chamberSchema = z.object({
  origin: z.string(),
  apiKey: z.string(),
  messagePath: z.string(),
  deduplicates: z.boolean(),
});
/** The file that `test/congress` writes beside its certificates when it starts. */
const describedSchema = z.object({ ...forEachChamber(() => chamberSchema), certificateAuthority: z.string() });

const developmentSchema = z.looseObject({
  congressSimulator: z.string(),
  services: z.looseObject({ congress: z.looseObject({}) }),
});

/** A chamber's settings without a simulator. No server listens at this origin. */
const UNREACHABLE = {
  origin: 'https://localhost:1',
  certificateAuthorities: rootCertificates[0], // the schema requires a root, and no public one signs `localhost`
  apiKeyReadableInImage: 'development-only',
  deduplicates: true,
  minIntervalMs: 0,
  timeoutMs: 10_000,
};

/**
 * Fills in the Congress simulator's addresses, API keys and certificate authority for every chamber, from the file that a development
 * configuration names as `congressSimulator`. If that file does not exist, deliveries stay pending. Returns any other configuration
 * unchanged.
 */
export function withSimulator(value: unknown, folder: string): unknown {
  const development = developmentSchema.safeParse(value);
  if (!development.success) return value;
  const { congressSimulator, services, ...configuration } = development.data;
  const far = farEnds(resolve(folder, congressSimulator));
  const { congress } = services;
  const chambers = forEachChamber((chamber) => ({ ...UNREACHABLE, ...asObject(congress[chamber]), ...far[chamber] }));
  // True if a chamber of the simulator accepts repeated messages
  const acceptReplayAcrossEnclaves = !CHAMBER_KEYS.every((chamber) => chambers[chamber].deduplicates);
  return {
    ...configuration,
    services: { ...services, congress: { acceptReplayAcrossEnclaves, ...congress, ...chambers } },
  };
}

function farEnds(file: string): Record<keyof typeof CHAMBERS, object> {
  if (!existsSync(file)) {
    process.stderr.write('The Congress simulator has not run here yet (npm run congress): deliveries will wait.\n');
    return forEachChamber((chamber) => ({ messagePath: CHAMBERS[chamber].test.messagePath }));
  }
  const described = describedSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!described.success) throw new ConfigurationError([`${file} does not describe a simulator`]);
  const certificateAuthorities = readFileSync(described.data.certificateAuthority, 'utf8');
  return forEachChamber((chamber) => {
    const { origin, messagePath, deduplicates, apiKey } = described.data[chamber];
    return { origin, messagePath, deduplicates, apiKeyReadableInImage: apiKey, certificateAuthorities };
  });
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
