import type { TrustAnchor } from '@communique-tee/attestation';
import type { Nsm } from '@communique-tee/nsm';
import { attest } from '../keys/attest';
import { DocumentSource } from '../keys/document-source';
import type { AnchoredClock } from '../../runtime/anchored-clock';
import type { Egress } from '../../egress';
import { openKms, readAliasArn } from '../kms';
import type { Log } from '../../runtime/log';
import { OperatorSecrets } from '../secrets/operator-secrets';
import { SecretOpener } from '../secrets/secret-opener';
import { custodyName, keyTimes, type IdentityConfiguration } from './custody-config';
import { createKeySecret, deriveEnclaveKeys, keyIdText } from '../keys/enclave-keys';
import { KeyKeeper, type KeyKeeperParts } from './key-keeper';
import { KeyRing } from '../keys/key-ring';
import { verifyOwnImage } from './maker-document';
import { SealedKeys } from './sealed-keys';

export interface CustodyParts {
  configuration: IdentityConfiguration;
  /** The operator's secrets that the services need. */
  secretNames: readonly string[];
  /** Of the public configuration, 32 bytes. */
  configSha256: Uint8Array;
  nsm: Nsm;
  clock: AnchoredClock;
  egress: Egress;
  log: Log;
  makerRoot?: TrustAnchor | undefined;
}

export interface Custody {
  ring: KeyRing;
  keeper: KeyKeeper;
  secrets: OperatorSecrets;
  /** Hex. */
  pcr0: string;
}

/**
 * Anchors the clock by a document without keys, and then either makes the keys of this process, or waits for sealed ones.
 * @throws AttestationError where sealed keys are configured and this enclave's own documents would vouch for none: in debug mode, or
 * under another root
 */
export async function openCustody(parts: CustodyParts): Promise<Custody> {
  const { configuration, nsm, clock, log } = parts;
  const { bytes, pcr0 } = await attest(nsm, clock, {});
  const ring = new KeyRing(clock, log);
  const secrets = new OperatorSecrets(parts.secretNames);
  const custody = custodyName(configuration.custody);
  if (configuration.custody.mode === 'kms') await verifyOwnImage(bytes, { pcr0, makerRoot: parts.makerRoot });
  else await makeProcessKeys(ring, parts);
  const kms = openForKms(ring, secrets, pcr0, parts);
  return {
    ring,
    secrets,
    keeper: new KeyKeeper({ custody, ring, secrets, log, kms }),
    pcr0: Buffer.from(pcr0).toString('hex'),
  };
}

/** They end with the process, and what waits sealed to them then has to be sealed again: said at start, and to clients by their custody. */
async function makeProcessKeys(ring: KeyRing, parts: CustodyParts): Promise<void> {
  const { configuration, configSha256, nsm, clock, log } = parts;
  const secret = await createKeySecret(nsm);
  const keys = deriveEnclaveKeys(secret, custodyName({ mode: 'process' }), configuration.legacySuite);
  secret.fill(0);
  const documents = new DocumentSource(nsm, keys, clock, configSha256);
  await documents.forReceipt();
  ring.take({ keys, documents, epoch: 1, rotateAfterMs: Infinity, destroyAfterMs: Infinity });
  log.write('warn', 'keys_end_with_process', { keyId: keyIdText(keys.keyId), custody: keys.custody });
}

function openForKms(
  ring: KeyRing,
  secrets: OperatorSecrets,
  pcr0: Uint8Array,
  { configuration, configSha256, nsm, clock, egress, log, makerRoot }: CustodyParts,
): KeyKeeperParts['kms'] {
  const { kms, custody, stack, legacySuite } = configuration;
  const alias = custody.mode === 'kms' ? custody.keyAlias : configuration.secrets?.keyAlias;
  if (!kms || alias === undefined) return null;
  const sealedKeys =
    custody.mode === 'kms'
      ? new SealedKeys(
          { custody: custody.keyAlias, stack, pcr0, times: keyTimes(custody), legacySuite, configSha256, makerRoot },
          ring,
          nsm,
          clock,
          log,
        )
      : null;
  const secretOpener = configuration.secrets
    ? new SecretOpener({ keyAlias: configuration.secrets.keyAlias, stack }, secrets, log)
    : null;
  return {
    client: openKms(kms, readAliasArn(alias).region, egress, nsm, clock),
    timeoutMs: kms.timeoutMs,
    sealedKeys,
    secretOpener,
  };
}
