import { EncryptCommand } from '@aws-sdk/client-kms';
import { OPERATOR, OPERATOR_ALIAS } from '@communique-tee/enclave/testing/sealed-surroundings';
import { chamberSecret, type Chamber } from '@communique-tee/protocol';
import type { Parent } from './parent';

type Chambers = Record<string, Record<string, unknown>>;

/** Returns a function for `enclave.configure` that replaces the readable API keys of these chambers by secrets of the operator. */
export function withSecrets(...chambers: Chamber[]) {
  return (configuration: Record<string, unknown>): Record<string, unknown> => {
    const { services } = configuration as { services: { congress: Chambers } };
    const congress = { ...services.congress };
    for (const chamber of chambers) {
      const { apiKeyReadableInImage: _left, ...rest } = congress[chamber] ?? {};
      congress[chamber] = { ...rest, apiKeySecret: chamberSecret(chamber) };
    }
    return { ...configuration, secrets: { keyAlias: OPERATOR_ALIAS }, services: { ...services, congress } };
  };
}

/** Returns the chamber's real API key, encrypted as the operator does; each call returns a different ciphertext. */
export async function operatorSecret({ aws, congress }: Parent, chamber: Chamber): Promise<Uint8Array> {
  const { CiphertextBlob } = await aws(OPERATOR).send(
    new EncryptCommand({
      KeyId: OPERATOR_ALIAS,
      Plaintext: Buffer.from(congress[chamber].apiKey),
      EncryptionContext: {
        'communique-tee:purpose': 'operator-secret',
        'communique-tee:stack': 'test',
        'communique-tee:secret': chamberSecret(chamber),
      },
    }),
  );
  return CiphertextBlob ?? new Uint8Array();
}
