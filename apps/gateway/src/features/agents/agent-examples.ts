import { PRICE_TABLE, priceTableSha256 } from '@communique-tee/agents';
import {
  agentRequestToJson,
  DEFAULT_SUITE,
  POLY1305_TAG_BYTES,
  TASK_BUCKETS,
  TASKS,
  type AgentOffer,
  type AgentResult,
} from '@communique-tee/protocol';
import type { Example, ExampleSource } from '../../core/routing/operation';

/** A well-formed task that no enclave can open. */
export function exampleTask({ nowSeconds, random }: ExampleSource): Example {
  return {
    summary: 'A sealed task',
    value: agentRequestToJson({
      modelClass: 'quick',
      maxOutputTokens: 1024,
      sealed: {
        suite: DEFAULT_SUITE,
        keyId: random(16),
        messageId: random(16),
        expiresAtSeconds: nowSeconds + 300,
        nullifier: null,
        encapsulatedKey: random(32),
        nonce: random(24),
        ciphertext: random(TASK_BUCKETS[0] + POLY1305_TAG_BYTES),
      },
    }),
  };
}

export const OFFER_EXAMPLE: Example = {
  summary: 'One model class',
  value: {
    on: true,
    classes: [
      {
        id: 'quick',
        provider: 'anthropic',
        model: 'claude-haiku-4-5',
        tasks: [...TASKS],
        maxOutputTokens: 2048,
        available: true,
      },
    ],
    prices: { version: PRICE_TABLE.version, sha256: priceTableSha256(PRICE_TABLE) },
  } satisfies AgentOffer,
};

export const OFFER_OFF_EXAMPLE: Example = {
  summary: 'No tasks are taken',
  value: { on: false, classes: [], prices: null } satisfies AgentOffer,
};

/** The examples show only the form: the signature is made up and does not verify. */
export const RESULT_EXAMPLE: Example = {
  summary: 'A sealed answer',
  value: {
    id: '4eb3d10b-6f4d-48b6-996e-9fae76363ed1',
    answer: 'gwGYIBh7',
    statement: `eyJhbGciOiJFZDI1NTE5In0.eyJ2IjoxfQ.${'A'.repeat(86)}`,
    attestationDocument: 'hEShATgioFg=',
    attempts: 1,
  } satisfies AgentResult,
};
