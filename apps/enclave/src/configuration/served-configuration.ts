import { encodePublicConfiguration, type PublicConfiguration } from '@communique-tee/protocol';
import { createHash } from 'node:crypto';
import { custodyName } from '../identity/custody/custody-config';
import { publishedResidence } from '../residence/residence-config';
import type { EnclaveConfiguration } from './configuration';
import { publishedOf } from '../services/registry';
import { destinationsOf } from './cross-checks';

/** The public configuration as `GET /attestation/configuration` serves it, and the hash that every key binding carries. */
export interface ServedConfiguration {
  /** Canonical JSON. */
  readonly bytes: Uint8Array;
  /** 32 bytes. */
  readonly sha256: Uint8Array;
}

/** @throws ProtocolError if the configuration is too large to be served */
export function servedConfiguration(configuration: EnclaveConfiguration): ServedConfiguration {
  const { stack, custody, residence, legacySuite, services } = configuration;
  // Only the members named here are published, so a new member of the configuration stays private until it is added here.
  const bytes = encodePublicConfiguration({
    version: 3,
    stack,
    custody: custodyName(custody),
    residence: publishedResidence(residence),
    legacySuite,
    egress: destinationsOf(configuration)
      .map(({ host, port }) => `${host}:${String(port)}`)
      .sort(),
    // encodePublicConfiguration checks this value by its schema
    services: publishedOf(services) as PublicConfiguration['services'],
  });
  return { bytes, sha256: new Uint8Array(createHash('sha256').update(bytes).digest()) };
}
