import { pcr3OfRole } from '@communique-tee/attestation';
import type { Settings } from './config/parse-settings';
import { nameOf, type Place } from './names';

/** The operator of a stack, and how attestation documents of its enclaves identify the operator. */
export interface Operator {
  /** The operator's name for people. */
  readonly name: string;
  /** The https origin of the service. */
  readonly origin: string;
  /** ARN of the parent's role. The role's name is fixed, so the ARN is known before anything is made. */
  readonly roleArn: string;
  /** PCR3 of the role, 96 hexadecimal digits. */
  readonly pcr3: string;
}

/**
 * The policy file that an operator publishes for clients, pages and auditors (docs/examples/policy.json). It has name and origin too,
 * because 96 hexadecimal digits tell a person nothing.
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
