import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A stack's outputs, as `pulumi stack output --json` prints them. */
export function outputsOf(
  {
    stack,
    pcr0,
    pcr3 = 'c'.repeat(96),
    version = '1',
    accountId = '111122223333',
    url,
  }: {
    stack: string;
    pcr0: string;
    pcr3?: string;
    version?: string;
    accountId?: string;
    url?: string;
  },
  more: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    url: url ?? 'https://service.communique.invalid',
    addressForTheHouse: '192.0.2.7',
    measurements: { pcr0, accepted: [pcr0] },
    operator: {
      name: 'Example Union',
      origin: 'https://service.communique.invalid',
      roleArn: `arn:aws:iam::${accountId}:role/communique-tee-${stack}-parent`,
      pcr3,
    },
    policy: { operator: { name: 'Example Union' }, acceptedMeasurements: [{ pcr0, pcr3 }] },
    rollout: {
      group: `communique-tee-${stack}-parent`,
      template: { id: 'lt-0123456789abcdef0', version },
      preferences: { minHealthyPercentage: 100, maxHealthyPercentage: 200, autoRollback: true, skipMatching: true },
    },
    secrets: {
      'gateway/redis-token': 'arn:aws:secretsmanager:us-east-1:111122223333:secret:redis',
      'enclave/cwc-house': 'arn:aws:secretsmanager:us-east-1:111122223333:secret:house',
    },
    monthlyCost: { pricesOf: 'us-east-1', knownUsd: '251.20', byUse: [{}, {}], unknown: ['taxes'] },
    ...more,
  });
}

/** The parts of infra's preview that `readPlan` uses. */
export const previewOf = (pcr0: string, commit: string): string =>
  JSON.stringify({
    resources: [
      { type: 'ec2.LaunchTemplate', name: 'parent', inputs: { instanceType: 'c6g.xlarge' } },
      { type: 'autoscaling.Group', name: 'parent', inputs: { minSize: 1, maxSize: 1 } },
    ],
    outputs: {
      measurements: { pcr0 },
      image: { commit, version: '0.1.0' },
      release: { referenceString: false },
      secrets: {},
      network: {
        vpcId: 'vpc-0123456789abcdef0',
        zones: ['us-east-1a', 'us-east-1b'],
        publicSubnets: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
        privateSubnets: ['subnet-0123456789abcdef2', 'subnet-0123456789abcdef3'],
        adopted: false,
      },
    },
  });

export const CONFIGURATION = '{"stack": "prod"}\n';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/** Files, by path, of an image and a release that were built from this commit and configuration. */
export const built = (stack: string, pcr0: string, commit: string): Record<string, string> => ({
  [`apps/enclave/config/${stack}.json`]: CONFIGURATION,
  [`dist/image/${stack}-arm64/communique-tee.eif`]: 'eif',
  [`dist/image/${stack}-arm64/measurements.json`]: JSON.stringify({
    pcr0,
    commit,
    configurationSha256: sha256(CONFIGURATION),
  }),
  'dist/release/communique-tee-arm64.tar.gz': 'archive',
  'dist/release/release.json': JSON.stringify({ arch: 'arm64', sha256: sha256('archive'), commit }),
});
