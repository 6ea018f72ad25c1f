import type { TaskResult } from '@communique-tee/client';

const ID = '1b4e28ba-2fa1-41d2-883f-0016d3cca427';

export function resultFor(over: Partial<TaskResult> = {}): TaskResult {
  return {
    id: ID,
    outcome: 'complete',
    text: null,
    problem: null,
    statement: {
      ...{ v: 1, request_id: ID, request_sha256: '', attempt: 1, model_class: 'clear', provider: 'openai' },
      ...{ model: 'a-model', served_model: 'a-model', end: 'complete', usage_state: 'reported' },
      usage: { input: 700, cached: 0, cacheWrittenShort: 0, cacheWrittenLong: 0, output: 41, thinking: 0 },
      ...{ prices_version: '2026-11-30.1', prices_sha256: '', cost_micro_usd: '1234', time: 0 },
      ...{ pcr0: 'ab'.repeat(48), attestation_sha256: '' },
    },
    chargedMicroUsd: 1234n,
    costChecked: true,
    pcr0: 'ab'.repeat(48),
    proof: { statement: '', attestation_document: '' },
    ...over,
  };
}
