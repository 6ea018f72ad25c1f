import { LIMITS, PROCESS_CUSTODY } from '@communique-tee/protocol';
import * as z from 'zod';
import { aliasArnSchema, type KmsConfig } from '../kms/kms-config';

/** One day. Together with `keepSeconds` this limits which old messages an attacker in the enclave can open (docs/keys.md). */
const MAX_ROTATION_SECONDS = 24 * 3600;

/** After this time another key becomes current. The old key is kept until no message sealed to it can be valid any more (`keyTimes`). */
const rotateAfterSeconds = z.int().min(60).max(MAX_ROTATION_SECONDS).default(MAX_ROTATION_SECONDS);

/**
 * Who can restore the enclave's keys. `process`: no one, because the keys end with the process. `kms`: every enclave of the same image that
 * the policy of the aliased KMS key admits.
 */
export const custodySchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('process'), rotateAfterSeconds }),
  z.strictObject({ mode: z.literal('kms'), keyAlias: aliasArnSchema, rotateAfterSeconds }),
]);
export type CustodyConfig = z.output<typeof custodySchema>;

export const secretsSchema = z.strictObject({
  /** Its key must not be the custody's: the operator may encrypt secrets, but no principal may encrypt under the custody's key. */
  keyAlias: aliasArnSchema,
});
export type SecretsConfig = z.output<typeof secretsSchema>;

/** The key settings of the enclave's configuration. */
export interface IdentityConfiguration {
  readonly stack: string;
  readonly custody: CustodyConfig;
  readonly kms?: KmsConfig | undefined;
  readonly secrets?: SecretsConfig | undefined;
  /** Whether keys have a pair for the suite of the web client (legacy). */
  readonly legacySuite: boolean;
}

/** After its rotation a key is kept for the longest lifetime of a message plus this hour, because the sender's clock may differ. */
const DESTROY_SLACK_SECONDS = 3600;

export interface KeyTimes {
  /** From the key's creation to its rotation. */
  rotateAfterSeconds: number;
  /** From the key's rotation to its destruction. */
  keepSeconds: number;
}

/** Returns a key's times, the same for both custodies. With the defaults a key is destroyed 8 days and an hour after it was made. */
export function keyTimes({ rotateAfterSeconds }: CustodyConfig): KeyTimes {
  return { rotateAfterSeconds, keepSeconds: LIMITS.maxLifetimeSeconds + DESTROY_SLACK_SECONDS };
}

/** Returns the custody as the attested key binding names it: `process`, or the ARN of the KMS key alias. */
export function custodyName(custody: CustodyConfig): string {
  return custody.mode === 'kms' ? custody.keyAlias : PROCESS_CUSTODY;
}
