import { unsafeTrustAnchorFromPem, type TrustAnchor } from '@communique-tee/attestation';
import type { TrustPolicy } from '@communique-tee/client';
import { Failure, messageOf, usage } from './failure';
import { readText } from './files';
import { secondsOf } from './arguments/read-arguments';

/** Whom to trust, in the same words for every command. */
export const TRUST_OPTIONS = {
  pcr0: { type: 'string', multiple: true },
  custody: { type: 'string', multiple: true },
  'max-age': { type: 'string' },
  'development-root': { type: 'string' },
} as const;

export interface TrustValues {
  readonly pcr0?: string[] | undefined;
  readonly custody?: string[] | undefined;
  readonly 'max-age'?: string | undefined;
  readonly 'development-root'?: string | undefined;
}

export interface Trust {
  /** 96 lowercase hexadecimal digits each. */
  readonly pcr0: readonly [string, ...string[]];
  readonly custody: readonly string[] | undefined;
  readonly maxAgeMs: number;
  readonly developmentRootPem: string | undefined;
}

/** A receipt is verified at its own time: there the document's age is not for the sender to say. */
export type KeptTrust = Omit<Trust, 'maxAgeMs'>;

export const TRUST_HELP = `Whom to trust
  --pcr0 <hex>,...    accepted PCR0 values, 96 hexadecimal digits each (SHA-384), as often as wanted. There is no default:
                      take it from measurements.json of an image that you built yourself, or from whom you trust to have
  --custody <who>     who may be able to bring the enclave's keys back: process (nobody), or the ARN of a KMS key alias; as
                      often as wanted. Not given: whatever the document attests, and it is shown
  --max-age <seconds> how old the document may be; default 300
  --development-root <pem>
                      trusts the root certificate in this file instead of AWS's. Whoever holds its key can forge
                      documents: for development only
`;

/** @throws Failure `usage`, `file_unreadable`, `not_understood` */
export function trustOf(values: TrustValues): Trust {
  const rootFile = values['development-root'];
  const pcr0 = pcr0Of(values.pcr0);
  const maxAgeSeconds = secondsOf(values['max-age'], 'max-age') ?? 300;
  return {
    pcr0,
    custody: custodyOf(values.custody),
    maxAgeMs: maxAgeSeconds * 1000,
    developmentRootPem: rootFile === undefined ? undefined : readText(rootFile, 64 * 1024),
  };
}

/** The root given instead of AWS's. @throws Failure `not_understood` */
export function anchorOf({ developmentRootPem }: Pick<Trust, 'developmentRootPem'>): TrustAnchor | undefined {
  if (developmentRootPem === undefined) return undefined;
  try {
    return unsafeTrustAnchorFromPem(developmentRootPem);
  } catch (cause) {
    throw new Failure('not_understood', `--development-root: ${messageOf(cause)}`, cause);
  }
}

export function measurementsOf({ pcr0: [first, ...more] }: Pick<Trust, 'pcr0'>): TrustPolicy['acceptedMeasurements'] {
  return [{ pcr0: first }, ...more.map((pcr0) => ({ pcr0 }))];
}

/** @throws Failure `not_understood` */
export function policyOf(trust: KeptTrust & Partial<Pick<Trust, 'maxAgeMs'>>): TrustPolicy {
  const trustAnchor = anchorOf(trust);
  const { maxAgeMs } = trust;
  return {
    acceptedMeasurements: measurementsOf(trust),
    ...(maxAgeMs !== undefined && { maxAgeMs }),
    ...(trust.custody && { acceptedCustody: trust.custody }),
    ...(trustAnchor && { trustAnchor }),
  };
}

function pcr0Of(given: string[] | undefined): [string, ...string[]] {
  const [first, ...rest] = (given ?? [])
    .flatMap((list) => list.split(','))
    .map((value) =>
      value
        .trim()
        .toLowerCase()
        .replace(/^(sha384:|0x)/, ''),
    );
  if (first === undefined) throw usage('--pcr0 is missing: name the measurements that you accept');
  for (const value of [first, ...rest]) {
    if (!/^[0-9a-f]{96}$/.test(value))
      throw usage('--pcr0 takes 96 hexadecimal digits (SHA-384), several with commas between them');
    if (/^0+$/.test(value)) throw usage('a PCR0 of zeros is that of an enclave in debug mode: it cannot be accepted');
  }
  return [first, ...rest];
}

function custodyOf(given: string[] | undefined): string[] | undefined {
  const all = given?.flatMap((list) => list.split(',')).map((value) => value.trim());
  if (all?.some((value) => !/^(process|arn:[\x21-\x7e]{1,400})$/.test(value)) === true)
    throw usage('--custody takes process, or the ARN of a KMS key alias');
  return all;
}
