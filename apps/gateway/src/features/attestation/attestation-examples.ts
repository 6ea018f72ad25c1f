import type { PublicConfiguration } from '@communique-tee/protocol';
import type { Example } from '../../core/routing/operation';
import view from './attestation-view.json';

// What a development enclave (mock NSM, simulated KMS) answered on 29 November 2026.

export const ATTESTATION_EXAMPLE: Example = { summary: 'A document of a development enclave', value: view };

const configuration: PublicConfiguration = {
  custody: 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-development-enclave',
  egress: ['localhost:40313', 'localhost:40785', 'localhost:41925'],
  legacySuite: true,
  services: {
    congress: {
      acceptReplayAcrossEnclaves: false,
      house: { deduplicates: true, origin: 'https://localhost:41925' },
      officesAsOf: '2026-11-29',
      senate: { deduplicates: true, origin: 'https://localhost:40785' },
    },
  },
  stack: 'development',
  version: 1,
};

/** Of its canonical JSON. */
export const CONFIGURATION_SHA256 = '23e4151b687e5802c1c356e65134bbd9d92656c329b76a61144eeec3c4da1412';
export const CONFIGURATION_EXAMPLE: Example = { summary: 'A development enclave under KMS', value: configuration };
