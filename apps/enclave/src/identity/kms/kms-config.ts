import { KMS_ALIAS_ARN } from '@communique-tee/protocol';
import { createHash, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import * as z from 'zod';
import { authoritiesSchema, originSchema, pemBlocks } from '../../egress';

export const aliasArnSchema = z.string().max(380).regex(KMS_ALIAS_ARN, 'arn:aws:kms:<region>:<account>:alias/<name>');

/** How the enclave reaches KMS. The enclave itself ends TLS. It trusts Amazon's roots if the configuration names no others. */
export const kmsConfigSchema = z.strictObject({
  origin: originSchema,
  certificateAuthorities: authoritiesSchema.optional(),
  /** The time limit for all KMS requests of one `POST /keys`. When it is over, the enclave answers with the results so far. */
  timeoutMs: z.int().min(100).max(60_000).default(10_000),
});
export type KmsConfig = z.output<typeof kmsConfigSchema>;

/**
 * SHA-256 of the SubjectPublicKeyInfo of Amazon Trust Services' roots, as https://www.amazontrust.com/repository lists them. The
 * certificates of AWS's public endpoints lead to these roots. For the European Sovereign Cloud a configuration must name other roots.
 */
const AMAZON_ROOT_KEYS: ReadonlySet<string> = new Set([
  'fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2', // Amazon Root CA 1
  '7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461', // Amazon Root CA 2
  '36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9', // Amazon Root CA 3
  'f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5', // Amazon Root CA 4
  '2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92', // Starfield Services Root Certificate Authority - G2
]);

/** Returns the configured authorities, or else Amazon's roots, as PEM. The enclave trusts no other authority for KMS. */
export function kmsAuthorities({ certificateAuthorities }: KmsConfig): string[] {
  return certificateAuthorities === undefined ? amazonRoots() : pemBlocks(certificateAuthorities);
}

function amazonRoots(): string[] {
  return rootCertificates.filter((pem) => AMAZON_ROOT_KEYS.has(keySha256(new X509Certificate(pem))));
}

function keySha256({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

export interface AliasArn {
  partition: string;
  region: string;
  account: string;
}

/** Splits an ARN that fits `aliasArnSchema`. */
export function readAliasArn(arn: string): AliasArn {
  const [, partition = '', , region = '', account = ''] = arn.split(':');
  return { partition, region, account };
}
