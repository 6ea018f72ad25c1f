import { LIMITS, PROCESS_CUSTODY } from '@communique-tee/protocol';
import * as z from 'zod';
import { aliasArnSchema, type KmsConfig } from '../kms/kms-config';

/**
 * Who can bring the enclave's keys back. `process`: nobody, they end with the process. `kms`: every enclave of this very image, as
 * long as the policy of the key that the alias names admits it.
 */
export const custodySchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('process') }),
  z.strictObject({
    mode: z.literal('kms'),
    keyAlias: aliasArnSchema,
    /** From then on another key is current. The old one stays for as long as a message sealed to it can be valid. */
    rotateAfterSeconds: z
      .int()
      .min(60)
      .max(30 * 24 * 3600)
      .default(24 * 3600),
  }),
]);
export type CustodyConfig = z.output<typeof custodySchema>;

export const secretsSchema = z.strictObject({
  /** Another key than the custody's: its policy lets the operator encrypt, which nobody may under the key that guards keys. */
  keyAlias: aliasArnSchema,
});
export type SecretsConfig = z.output<typeof secretsSchema>;

/** What the enclave's configuration says about its keys. */
export interface IdentityConfiguration {
  readonly stack: string;
  readonly custody: CustodyConfig;
  readonly kms?: KmsConfig | undefined;
  readonly secrets?: SecretsConfig | undefined;
  /** Whether keys have a pair for the suite of the web client (legacy). */
  readonly legacySuite: boolean;
}

/** After `rotate_after` a key is kept for the longest lifetime of a message and this, for two clocks that differ. */
const DESTROY_SLACK_SECONDS = 3600;

export interface KeyTimes {
  rotateAfterSeconds: number;
  /** From `rotate_after` on. */
  keepSeconds: number;
}

export function keyTimes({ rotateAfterSeconds }: Extract<CustodyConfig, { mode: 'kms' }>): KeyTimes {
  return { rotateAfterSeconds, keepSeconds: LIMITS.maxLifetimeSeconds + DESTROY_SLACK_SECONDS };
}

/** As the attested key binding says it. */
export function custodyName(custody: CustodyConfig): string {
  return custody.mode === 'kms' ? custody.keyAlias : PROCESS_CUSTODY;
}
