import type { PublicConfiguration } from '@communique-tee/protocol';
import type { Example } from '../../core/routing/operation';
import view from './attestation-view.json';

// What a development enclave (mock NSM, simulated KMS) answered on 29 November 2026.

export const ATTESTATION_EXAMPLE: Example = { summary: 'A document of a development enclave', value: view };

const configuration: PublicConfiguration = {
  version: 3,
  stack: 'test',
  custody: 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-test-enclave',
  residence: {
    mode: 'off',
  },
  legacySuite: true,
  egress: ['localhost:37305', 'localhost:37637', 'localhost:41713'],
  services: {
    congress: {
      acceptReplayAcrossEnclaves: false,
      officesAsOf: '2026-11-29',
      house: {
        origin: 'https://localhost:41713',
        deduplicates: true,
      },
      senate: {
        origin: 'https://localhost:37305',
        deduplicates: true,
      },
    },
  },
};

/** Of its canonical JSON. */
export const CONFIGURATION_SHA256 = '026b979ce82d8d6d5f4ce49942dba4178d3d441f257f9bb8efb51b1c1f06bb10';
export const CONFIGURATION_EXAMPLE: Example = { summary: 'A development enclave under KMS', value: configuration };
