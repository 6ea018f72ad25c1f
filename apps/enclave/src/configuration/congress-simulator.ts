import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { ConfigurationError } from './configuration';

/** What `test/congress` writes beside its certificates when it starts. */
const chamber = z.object({
  origin: z.string(),
  apiKey: z.string(),
  messagePath: z.string(),
  deduplicates: z.boolean(),
});
const describedSchema = z.object({ house: chamber, senate: chamber, certificateAuthority: z.string() });

/**
 * A development configuration may name the file in which the Congress simulator describes itself (`congressSimulator`); where it
 * is there, its addresses, keys and authority stand in for the file's own. Where it is not, deliveries stay pending.
 */
export function withSimulator(value: unknown, folder: string): unknown {
  if (!isRecord(value) || typeof value['congressSimulator'] !== 'string') return value;
  const { congressSimulator, ...configuration } = value;
  const file = resolve(folder, String(congressSimulator));
  if (!existsSync(file)) {
    process.stderr.write('The Congress simulator has not run here yet (npm run congress): deliveries will wait.\n');
    return configuration;
  }
  const described = describedSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!described.success || !isRecord(configuration['congress']))
    throw new ConfigurationError([`${file} does not describe a simulator`]);
  const certificateAuthorities = readFileSync(described.data.certificateAuthority, 'utf8');
  const own = configuration['congress'];
  const settings = (
    name: 'house' | 'senate',
    { origin, apiKey, messagePath, deduplicates }: z.infer<typeof chamber>,
  ) => ({
    // Pace and time-out stay the file's own
    ...(isRecord(own[name]) ? own[name] : {}),
    origin,
    messagePath,
    deduplicates,
    apiKeyReadableInImage: apiKey,
    certificateAuthorities,
  });
  const { house, senate } = described.data;
  return {
    ...configuration,
    congress: { ...own, house: settings('house', house), senate: settings('senate', senate) },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
