import { KMS_ALIAS_ARN } from '@communique-tee/protocol';
import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import * as z from 'zod';
import { authoritiesSchema, originSchema, pemBlocks } from '../../egress';

export const aliasArnSchema = z.string().max(380).regex(KMS_ALIAS_ARN, 'arn:aws:kms:<region>:<account>:alias/<name>');

/** Where KMS is reached: HTTPS that ends in the enclave, to Amazon's roots unless the configuration names others. */
export const kmsConfigSchema = z.strictObject({
  origin: originSchema,
  certificateAuthorities: authoritiesSchema.optional(),
  /** For all that one offer of keys asks of KMS: `POST /keys` is answered after it at the latest, with what there is. */
  timeoutMs: z.int().min(100).max(60_000).default(10_000),
});
export type KmsConfig = z.output<typeof kmsConfigSchema>;

/** Roots of Amazon Trust Services, by the common name of their subject (https://www.amazontrust.com/repository). */
const AMAZON_ROOTS = [
  'Amazon Root CA 1',
  'Amazon Root CA 2',
  'Amazon Root CA 3',
  'Amazon Root CA 4',
  'Starfield Services Root Certificate Authority - G2',
];

/** PEM: of all the roots that Node carries, those that AWS's own endpoints chain to; no other authority may vouch for KMS. */
export function kmsAuthorities({ certificateAuthorities }: KmsConfig): string[] {
  return certificateAuthorities === undefined ? amazonRoots() : pemBlocks(certificateAuthorities);
}

function amazonRoots(): string[] {
  const names = new Set(AMAZON_ROOTS.map((name) => `CN=${name}`));
  return rootCertificates.filter((pem) => new X509Certificate(pem).subject.split('\n').some((part) => names.has(part)));
}

export interface AliasArn {
  partition: string;
  region: string;
  account: string;
}

/** Of an ARN that fits the schema. */
export function readAliasArn(arn: string): AliasArn {
  const [, partition = '', , region = '', account = ''] = arn.split(':');
  return { partition, region, account };
}
