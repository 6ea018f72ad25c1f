import type { TrustAnchor } from '@communique-tee/attestation';
import type { Nsm } from '@communique-tee/nsm';
import { attest } from '../keys/attest';
import type { AnchoredClock } from '../../runtime/anchored-clock';
import { ClockWatch } from '../../runtime/clock-watch';
import { collectGarbage } from '../../runtime/collect-garbage';
import type { Egress } from '../../egress';
import { openKms, readAliasArn } from '../kms';
import type { Log } from '../../runtime/log';
import { OperatorSecrets } from '../secrets/operator-secrets';
import { SecretOpener } from '../secrets/secret-opener';
import { custodyName, keyTimes, type IdentityConfiguration } from './custody-config';
import { KeyOfferHandler, type KeyOfferHandlerParts } from './key-offer-handler';
import { KeyRing } from '../keys/key-ring';
import { verifyOwnImage } from './maker-document';
import { ProcessKeys } from './process-keys';
import { SealedKeys } from './sealed-keys';
import { KeyMaintenance } from './key-maintenance';

export interface CustodyParts {
  configuration: IdentityConfiguration;
  /** The operator's secrets that the services need. */
  secretNames: readonly string[];
  /** Hash of the public configuration, 32 bytes. */
  configSha256: Uint8Array;
  nsm: Nsm;
  clock: AnchoredClock;
  egress: Egress;
  log: Log;
  makerRoot?: TrustAnchor | undefined;
}

export interface Custody {
  ring: KeyRing;
  keyOffers: KeyOfferHandler;
  secrets: OperatorSecrets;
  /** Hex. */
  pcr0: string;
  /** Already started; the caller stops it. */
  keyMaintenance: KeyMaintenance;
}

/**
 * Anchors the clock by an attestation document without keys, makes the first key if custody is `process`, and starts the timer that
 * maintains the keys. With custody `kms` the key ring stays empty until a gateway offers sealed keys.
 * @throws AttestationError if custody is `kms` and no client would accept this enclave's documents: in debug mode, or under another root
 */
export async function openCustody(parts: CustodyParts): Promise<Custody> {
  const { configuration, configSha256, nsm, clock, log } = parts;
  const { bytes, pcr0 } = await attest(nsm, clock, {});
  const clockWatch = new ClockWatch(clock, log);
  clockWatch.check();
  const ring = new KeyRing(clock, log, () => setImmediate(collectGarbage));
  const secrets = new OperatorSecrets(parts.secretNames);
  const custody = custodyName(configuration.custody);
  let processKeys: ProcessKeys | null = null;
  if (configuration.custody.mode === 'kms') await verifyOwnImage(bytes, { pcr0, makerRoot: parts.makerRoot });
  else {
    const { legacySuite } = configuration;
    const times = keyTimes(configuration.custody);
    processKeys = new ProcessKeys({ ring, nsm, clock, log, times, legacySuite, configSha256 });
    await processKeys.rotateIfDue();
    // A restart ends these keys. Waiting messages that were sealed to them must then be sealed again.
    log.write('warn', 'keys_end_with_process', { custody });
  }
  const kms = openForKms(ring, secrets, pcr0, parts);
  const keyMaintenance = new KeyMaintenance({ ring, processKeys, nsm, clock, clockWatch, log });
  keyMaintenance.start();
  return {
    ring,
    secrets,
    keyOffers: new KeyOfferHandler({ custody, ring, secrets, log, kms }),
    pcr0: Buffer.from(pcr0).toString('hex'),
    keyMaintenance,
  };
}

function openForKms(
  ring: KeyRing,
  secrets: OperatorSecrets,
  pcr0: Uint8Array,
  { configuration, configSha256, nsm, clock, egress, log, makerRoot }: CustodyParts,
): KeyOfferHandlerParts['kms'] {
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
