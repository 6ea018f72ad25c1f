// Checks the npm registry's signature of a package: it covers name, version and hash of the tarball.
import { execFile } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { promisify } from 'node:util';
import * as z from 'zod';
import type { NpmPackage } from '../build/npm-package';
import { SetupError } from '../debian-archive/setup-error';
import { UnreachableError } from './fetch-signed';
import type { Check } from './record';

/**
 * The registry's public keys by key id: ECDSA on P-256, SPKI in base64, as the registry publishes them (docs.npmjs.com, "About registry
 * signatures").
 */
export const NPM_KEYS: Readonly<Record<string, string>> = {
  'SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA':
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1Olb3zMAFFxXKHiIkQO5cJ3Yhl5i6UPp+IhuteBJbuHcA5UogKo0EWtlWwW6KSaKoTNEYL7JlCQiVnkhBktUgg==',
  'SHA256:DhQ8wR5APBvFHLF/+Tc+AYvPOdTpcIDqOhxsBHRwC7U':
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEY6Ya7W++7aUPzvMTrezH6Ycx3c+HOKYCcNGybJZSCJq/fd7Qa8uuAKtdIkUQtQiEKERhAmE5lMMJhP8OkDOa2g==',
};

const distSchema = z.looseObject({
  integrity: z.string().optional(),
  signatures: z.array(z.object({ keyid: z.string(), sig: z.string() })).optional(),
});

/** Returns the registry's data about one version of a package. @throws UnreachableError */
export type ViewDist = (name: string, version: string) => Promise<unknown>;

export const viewWithNpm: ViewDist = async (name, version) => {
  try {
    const { stdout } = await promisify(execFile)('npm', ['view', `${name}@${version}`, 'dist', '--json']);
    return JSON.parse(stdout) as unknown;
  } catch (cause) {
    throw new UnreachableError('the npm registry could not be asked', { cause });
  }
};

/**
 * @param wanted the package as package-lock.json pins it
 * @throws UnreachableError also if the registry (a mirror) has no signature by one of `keys`
 * @throws SetupError publisher_differs
 */
export async function compareNpmPackage(
  { name, version, integrity }: Pick<NpmPackage, 'name' | 'version' | 'integrity'>,
  view: ViewDist,
  today: string,
  keys: Readonly<Record<string, string>> = NPM_KEYS,
): Promise<Check> {
  const dist = distSchema.safeParse(await view(name, version));
  if (!dist.success) throw new UnreachableError('the npm registry answers in another form');
  if (dist.data.integrity !== undefined && dist.data.integrity !== integrity)
    throw new SetupError(
      'publisher_differs',
      `${name} ${version} is another file in the npm registry than package-lock.json pins`,
    );
  const signatures = dist.data.signatures ?? [];
  if (signatures.length === 0) throw new UnreachableError('this npm registry hands out no signatures');
  const signed = Buffer.from(`${name}@${version}:${integrity}`);
  for (const { keyid, sig } of signatures) {
    const spki = keys[keyid];
    if (spki === undefined) continue;
    const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
    if (!verify('sha256', signed, key, Buffer.from(sig, 'base64')))
      throw new SetupError('publisher_differs', `the npm registry's signature of ${name} ${version} is not valid`);
    return { state: 'verified', on: today, by: 'the npm registry’s signature', keys: [keyid] };
  }
  throw new UnreachableError('this npm registry signs with keys of its own');
}
