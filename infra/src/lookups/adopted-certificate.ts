import { getCertificate } from '@pulumi/aws/acm/getCertificate.js';
import type { InvokeOptions } from '@pulumi/pulumi';
import { ConfigError } from '../config/config-error';
import type { Settings } from '../config/parse-settings';

/** The key types that a load balancer accepts. Without this list the provider asks only for RSA keys. */
const KEY_TYPES = ['RSA_2048', 'RSA_3072', 'RSA_4096', 'EC_prime256v1', 'EC_secp384r1', 'EC_secp521r1'];

/**
 * Checks that the operator's own certificate is issued, and for the domain. ACM lists certificates by their first name, so the first name
 * must be the domain or its wildcard.
 * @throws ConfigError
 */
export async function checkCertificate(
  { stack, domain, certificateArn }: Pick<Settings, 'stack' | 'domain' | 'certificateArn'>,
  options: InvokeOptions,
): Promise<void> {
  if (certificateArn === undefined) return;
  const names = [domain, `*.${domain.slice(domain.indexOf('.') + 1)}`];
  const found = await Promise.all(
    names.map((name) =>
      getCertificate({ domain: name, statuses: ['ISSUED'], keyTypes: KEY_TYPES, mostRecent: true }, options).then(
        ({ arn }) => arn,
        () => undefined,
      ),
    ),
  );
  if (found.includes(certificateArn)) return;
  const others = found.filter((arn) => arn !== undefined);
  throw new ConfigError(stack, [
    `certificateArn ${certificateArn}: ACM does not list it as the newest issued certificate whose first name is ${names.join(' or ')}${
      others.length > 0 ? `, but ${others.join(', ')}: take that one` : ''
    }; check \`aws acm describe-certificate\`, or remove certificateArn and let the stack request one`,
  ]);
}
