import { pcr3OfRole } from '@communique-tee/attestation';
import type { Settings } from './config/parse-settings';
import { nameOf, type Place } from './names';

/** Who runs a stack, and how attestations of its enclaves identify this operator. */
export interface Operator {
  /** As people know it. */
  readonly name: string;
  /** https, without a path: where it publishes. */
  readonly origin: string;
  /** ARN of the parent's role. Its name is fixed, so it is known before anything is made. */
  readonly roleArn: string;
  /** 96 hexadecimal digits. */
  readonly pcr3: string;
}

/**
 * What an operator publishes for clients, pages and auditors: a policy file (docs/examples/policy.json). 96 hexadecimal digits tell a
 * person nothing, so name and origin are beside them.
 */
export interface PublishedPolicy {
  readonly operator: Pick<Operator, 'name' | 'origin'>;
  readonly acceptedMeasurements: readonly { readonly pcr0: string; readonly pcr3: string }[];
}

export function operatorOf(
  { stack, domain, operatorName = domain }: Pick<Settings, 'stack' | 'domain' | 'operatorName'>,
  { partition, accountId }: Pick<Place, 'partition' | 'accountId'>,
): Operator {
  const roleArn = `arn:${partition}:iam::${accountId}:role/${nameOf(stack, 'parent')}`;
  return { name: operatorName, origin: `https://${domain}`, roleArn, pcr3: pcr3OfRole(roleArn) };
}

/** @param images PCR0 of each accepted image, 96 hexadecimal digits */
export function publishedPolicy(images: readonly string[], { name, origin, pcr3 }: Operator): PublishedPolicy {
  return { operator: { name, origin }, acceptedMeasurements: images.map((pcr0) => ({ pcr0, pcr3 })) };
}
