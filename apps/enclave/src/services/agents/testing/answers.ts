import type { Provider } from '@communique-tee/protocol';

/** Returns a simple complete answer in the format of this provider. Each test changes the part that it is about. */
export function answerOf(
  provider: Provider,
  text: string,
  changes: Record<string, unknown> = {},
): Record<string, unknown> {
  switch (provider) {
    case 'openai':
      return {
        id: 'resp_1',
        object: 'response',
        status: 'completed',
        model: 'gpt-test',
        service_tier: 'default',
        store: false,
        output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] }],
        usage: {
          input_tokens: 100,
          input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
          output_tokens: 50,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: 150,
        },
        ...changes,
      };
    case 'gemini':
      return {
        candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 50, totalTokenCount: 150 },
        modelVersion: 'gemini-test',
        ...changes,
      };
    case 'anthropic':
      return {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude-test',
        content: [{ type: 'text', text }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 100, output_tokens: 50, service_tier: 'standard' },
        ...changes,
      };
  }
}
