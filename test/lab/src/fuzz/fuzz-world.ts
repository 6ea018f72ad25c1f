import { keyIdOf } from '@communique-tee/crypto';
import { sealAsLegacyClient, legacyContent, type LegacyKeyView } from '@communique-tee/enclave/testing/legacy-client';
import { congressMessage } from '@communique-tee/enclave/testing/enclave-fixture';
import type { EnclaveIdentity } from '@communique-tee/enclave-identity';
import { chamberSecret, decodeSealedKey, encodeCongressMessage, legacyPublicKeyView } from '@communique-tee/protocol';
import { operatorSecret, withSecrets } from '../operator-secrets';
import type { Parent } from '../parent';
import { processLab, type Lab } from '../process-lab';

/** Genuine inputs of each kind, which the run changes. */
export interface Corpus {
  readonly sealed: Uint8Array;
  readonly plaintext: Uint8Array;
  readonly legacySealed: Uint8Array;
  readonly legacyText: string;
  readonly record: Uint8Array;
  /** An operator's secret, encrypted by KMS. */
  readonly secret: Uint8Array;
  readonly receipt: string;
  /** TLS bytes from Congress that the parent recorded. */
  readonly tls: Uint8Array;
}

export interface FuzzWorld {
  readonly lab: Lab;
  readonly parent: Parent;
  readonly identity: EnclaveIdentity;
  readonly legacyKey: LegacyKeyView;
  readonly corpus: Corpus;
  /** Returns a new ciphertext of the real secret. The enclave has KMS decrypt each ciphertext that is new to it. */
  freshSecret(): Promise<Uint8Array>;
  /** Sets a function that changes the NSM's answers; null leaves them unchanged. */
  setNsm(change: ((answer: Uint8Array) => Uint8Array) | null): void;
}

/** Starts an enclave with keys and a secret under KMS and with both suites, and makes a genuine input of each kind. */
export async function startFuzzWorld(): Promise<FuzzWorld> {
  let nsmChange: ((answer: Uint8Array) => Uint8Array) | null = null;
  const lab = await processLab({ custody: 'kms', legacySuite: true, configure }, (transport) => ({
    request: async (bytes) => {
      const answer = await transport.request(bytes);
      return nsmChange ? nsmChange(answer) : answer;
    },
    close: () => transport.close(),
  }));
  try {
    const { parent } = lab;
    const freshSecret = () => operatorSecret(parent, 'house');
    const secret = await freshSecret();
    await parent.store.settle([parent], { secrets: { [chamberSecret('house')]: secret } });
    const identity = await parent.identity();
    if (!identity.legacyKey) throw new Error('the enclave attests no key of the legacy suite');
    const legacyKey = legacyPublicKeyView(keyIdOf(identity.legacyKey), identity.legacyKey);
    const message = await parent.seal({ offices: ['HCA12'] });
    const { answer } = await parent.read(await parent.relay(message), message);
    const legacyText = JSON.stringify(legacyContent());
    const record = parent.store.records[0] ?? new Uint8Array();
    decodeSealedKey(record);
    return {
      lab,
      parent,
      identity,
      legacyKey,
      corpus: {
        sealed: message.sealed,
        plaintext: encodeCongressMessage(congressMessage()),
        legacySealed: (await sealAsLegacyClient(legacyKey, legacyText)).sealed,
        legacyText,
        record,
        secret,
        receipt: answer.receipt,
        tls: parent.egress.to('house')[0]?.received ?? new Uint8Array(1),
      },
      freshSecret,
      setNsm: (change) => (nsmChange = change),
    };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

/** Makes the House's API key a secret of the operator, and shortens the waits for KMS. */
function configure(configuration: Record<string, unknown>): Record<string, unknown> {
  const kms = configuration['kms'] as object;
  return { ...withSecrets('house')(configuration), kms: { ...kms, timeoutMs: 2_000 } };
}
