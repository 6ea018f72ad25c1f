import { verifyAttestation, type AttestationPolicy } from '@communique-tee/attestation';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { beside, rateOf, type Row } from '../measure';
import { keptVerifiers } from './verifiers';

const SECONDS = 2;
const PEERS = [
  { name: 'evervault', title: "Evervault's attestation-doc-validation 0.10.1 (Rust)" },
  { name: 'nitro_attest', title: 'nitro_attest 0.2.0 (Rust)' },
] as const;
const manifestSchema = z.array(
  z.object({
    file: z.string(),
    timestamp_ms: z.number(),
    debug_mode: z.boolean(),
    pcrs: z.record(z.string(), z.string()),
  }),
);
const resultSchema = z.object({ ratePerCpuSecond: z.number() });

/**
 * Measures the verification of a genuine AWS document, because the other verifiers know only AWS's root. The verifiers get the time of the
 * document as the current time. Nothing is cached.
 */
export async function verifyPeerRows(): Promise<Row[]> {
  const what = (title: string): string => `verify a document by ${title}`;
  const folder = join(workspaceRoot(), '../shared/vectors/attestation');
  const unmeasured = (title: string, note: string): Row => ({ what: what(title), value: null, unit: 'op/s', note });
  const titles = ['ours', ...PEERS.map(({ title }) => title)];
  if (!existsSync(join(folder, 'manifest.json')))
    return titles.map((title) => unmeasured(title, 'no genuine documents in ../shared/vectors'));
  const vectors = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));
  const vector = vectors.find(({ debug_mode: debug, pcrs }) => !debug && pcrs['3'] !== undefined);
  const pcr0 = vector?.pcrs['0'];
  const pcr3 = vector?.pcrs['3'];
  if (!vector || pcr0 === undefined || pcr3 === undefined) throw new Error('no document of a production enclave');
  const file = join(folder, vector.file);
  const document = new Uint8Array(readFileSync(file));
  const policy: AttestationPolicy = {
    acceptedMeasurements: [{ pcr0, pcr3 }],
    freshness: { documentTakenFromCache: true },
    maxAgeMs: 5000,
    maxFutureSkewMs: 0,
    at: new Date(vector.timestamp_ms + 1000),
  };
  const ours: Row = {
    what: what('ours'),
    value: await rateOf(() => verifyAttestation(document, policy)),
    unit: 'op/s',
  };
  const kept = keptVerifiers();
  return [
    ours,
    ...PEERS.map(({ name, title }) =>
      'absent' in kept
        ? unmeasured(title, kept.absent)
        : beside(
            { what: what(title), value: measured(kept.command, name, file, vector.timestamp_ms), unit: 'op/s' },
            ours,
          ),
    ),
  ];
}

function measured(command: string, name: string, file: string, atMs: number): number {
  const said = execFileSync(command, [name, file, String(atMs), String(SECONDS)], { encoding: 'utf8' });
  return resultSchema.parse(JSON.parse(said)).ratePerCpuSecond;
}
