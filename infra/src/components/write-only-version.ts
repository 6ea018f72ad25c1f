import { createHash } from 'node:crypto';
import { secret, type Output } from '@pulumi/pulumi';

/**
 * The version of a write-only input, which changes whenever the value changes. AWS's provider compares only versions, so a changed value
 * under the same version would silently change nothing.
 * @param value a secret
 * @returns a whole number below 2^31. It is secret too, because it could confirm a guess of a weak value.
 */
export function writeOnlyVersion(value: string): Output<number> {
  const digest = createHash('sha256').update(`communique-tee write-only version\0${value}`).digest();
  return secret(digest.readUInt32BE() >>> 1);
}
