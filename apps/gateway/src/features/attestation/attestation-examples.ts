import type { PublicConfiguration } from '@communique-tee/protocol';
import type { Example } from '../../core/routing/operation';
import view from './attestation-view.json';

// Answers of a development enclave (mock NSM, simulated KMS).

export const ATTESTATION_EXAMPLE: Example = { summary: 'A document of a development enclave', value: view };

const configuration: PublicConfiguration = {
  version: 3,
  stack: 'development',
  custody: 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-development-enclave',
  residence: {
    mode: 'off',
  },
  legacySuite: true,
  egress: ['localhost:37001', 'localhost:42885', 'localhost:43907'],
  services: {
    congress: {
      acceptReplayAcrossEnclaves: false,
      officesAsOf: '2026-11-29',
      house: {
        origin: 'https://localhost:37001',
        deduplicates: true,
      },
      senate: {
        origin: 'https://localhost:42885',
        deduplicates: true,
      },
    },
  },
};

/** SHA-256 of the configuration's canonical JSON, in hex. */
export const CONFIGURATION_SHA256 = '2d4b5280a5d76a481f08c5a28ad60cd303e5d754d0e4095b827d2f465da0d3ec';
export const CONFIGURATION_EXAMPLE: Example = { summary: 'A development enclave under KMS', value: configuration };
