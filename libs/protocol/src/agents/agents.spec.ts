import {
  DEFAULT_SUITE,
  LIMITS,
  TASK_BUCKETS,
  agentRequestFromJson,
  agentRequestToJson,
  agentTaskProblems,
  decodeAgentAnswer,
  decodeAgentReply,
  decodeAgentRequest,
  decodeAgentTask,
  encodeAgentAnswer,
  encodeAgentReply,
  encodeAgentRequest,
  encodeAgentTask,
  encodeCanonical,
  encodeEnvelope,
  decodeEnvelope,
  usageStatementSchema,
  type AgentRequest,
  type AgentTask,
  type UsageStatement,
} from '..';

const code = (expected: string) => expect.objectContaining({ name: 'ProtocolError', code: expected }) as Error;

const request = (changes: Partial<AgentRequest> = {}, bytes: number = TASK_BUCKETS[0]): AgentRequest => ({
  modelClass: 'small',
  maxOutputTokens: 1024,
  sealed: {
    suite: DEFAULT_SUITE,
    keyId: new Uint8Array(16).fill(1),
    messageId: new Uint8Array(16).fill(2),
    expiresAtSeconds: 1_800_000_000,
    nullifier: null,
    encapsulatedKey: new Uint8Array(32).fill(3),
    nonce: new Uint8Array(24).fill(4),
    ciphertext: new Uint8Array(bytes + 16).fill(5),
  },
  ...changes,
});
const task = (changes: Partial<AgentTask> = {}): AgentTask => ({
  version: 1,
  task: 'draft',
  modelClass: 'small',
  maxOutputTokens: 1024,
  language: 'en',
  subject: null,
  text: 'Please keep our parks open.',
  ...changes,
});

describe('an agent request', () => {
  it.each(TASK_BUCKETS)(
    'with %i bytes is unchanged after encoding and decoding as CBOR and as JSON, and stays within the limits',
    (bytes) => {
      const encoded = encodeAgentRequest(request({}, bytes));
      expect(encoded.length).toBeLessThanOrEqual(LIMITS.maxAgentRequestBytes);
      expect(encodeAgentRequest(decodeAgentRequest(encoded))).toEqual(encoded);
      const json = JSON.stringify(agentRequestToJson(request({}, bytes)));
      expect(json.length).toBeLessThanOrEqual(LIMITS.maxAgentRequestJsonBytes);
      expect(encodeAgentRequest(agentRequestFromJson(JSON.parse(json)))).toEqual(encoded);
    },
  );

  it.each<[string, AgentRequest]>([
    ['a model class that is not well formed', request({ modelClass: 'Small' })],
    ['an empty model class', request({ modelClass: '' })],
    ['an output limit that is no multiple of 64', request({ maxOutputTokens: 100 })],
    ['no output', request({ maxOutputTokens: 0 })],
    ['too much output', request({ maxOutputTokens: 2112 })],
    ['a nullifier', request({ sealed: { ...request().sealed, nullifier: new Uint8Array(32) } })],
    ['a ciphertext below the smallest bucket', request({}, 2048)],
    ['a ciphertext above the largest bucket', request({}, 65_536)],
    ['a ciphertext between two buckets', request({}, 5000)],
  ])('with %s cannot be written or read', (_name, wrong) => {
    expect(() => encodeAgentRequest(wrong)).toThrow(code('malformed_body'));
    const array = [1, wrong.modelClass, wrong.maxOutputTokens, innerOf(wrong)];
    expect(() => decodeAgentRequest(encodeCanonical(array))).toThrow();
  });

  it('cannot be decoded as a message, and a message cannot be decoded as an agent request', () => {
    expect(() => decodeEnvelope(encodeAgentRequest(request()))).toThrow(code('malformed_body'));
    expect(() => decodeAgentRequest(encodeEnvelope({ sealed: request().sealed, residence: null }))).toThrow(
      code('malformed_body'),
    );
  });

  it('is refused with an extra byte, and is refused before it is parsed if it exceeds the size limit', () => {
    const encoded = encodeAgentRequest(request());
    expect(() => decodeAgentRequest(Uint8Array.from([...encoded, 0]))).toThrow(code('malformed_body'));
    expect(() => decodeAgentRequest(new Uint8Array(LIMITS.maxAgentRequestBytes + 1))).toThrow(code('body_too_large'));
  });
});

describe('a task', () => {
  it('is unchanged after encoding and decoding, byte for byte, with emoji, ZWJ and ZWNJ', () => {
    const family = '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}';
    const persian = '\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645';
    const written = task({ text: `${family}\n\t${persian}`, subject: family });
    expect(agentTaskProblems(written)).toEqual([]);
    expect(decodeAgentTask(encodeAgentTask(written))).toEqual(written);
  });

  it.each<[string, Partial<Record<keyof AgentTask, unknown>>, string, string]>([
    ['half an emoji at the end of the text', { text: 'Hello \ud83d' }, '/text', 'invalid_characters'],
    ['half an emoji at the start of the text', { text: '\ude00 Hello' }, '/text', 'invalid_characters'],
    ['half an emoji in the subject', { subject: 'Hello \ud83d' }, '/subject', 'invalid_characters'],
    ['NUL', { text: 'a\u0000b' }, '/text', 'invalid_characters'],
    ['a carriage return', { text: 'a\r\nb' }, '/text', 'invalid_characters'],
    ['a C1 control', { text: 'a\u0085b' }, '/text', 'invalid_characters'],
    ['too many bytes', { text: '\u20ac'.repeat(5462) }, '/text', 'too_long'],
    ['a text without a visible character', { text: ' \u200b\n' }, '/text', 'too_short'],
    ['a long subject', { subject: 'a'.repeat(501) }, '/subject', 'too_long'],
    ['an unknown task', { task: 'chat' }, '/task', 'invalid'],
    ['a language tag with a region', { language: 'en-US' }, '/language', 'invalid'],
    ['an output limit that is no multiple of 64', { maxOutputTokens: 65 }, '/maxOutputTokens', 'invalid'],
    ['an unknown member', { system: 'x' } as never, '', 'invalid'],
  ])('with %s is refused, and the problem names the field and the rule', (_name, changes, pointer, rule) => {
    const wrong = { ...task(), ...changes };
    expect(agentTaskProblems(wrong)).toContainEqual({ pointer, code: rule });
    expect(() => encodeAgentTask(wrong as AgentTask)).toThrow(code('malformed_body'));
  });

  it('with half an emoji in its bytes is refused when it is decoded', () => {
    const bytes = Buffer.from(encodeAgentTask(task({ text: 'Hello ABC' })));
    bytes.set([0xed, 0xa0, 0xbd], bytes.indexOf('ABC'));
    expect(() => decodeAgentTask(bytes)).toThrow(code('malformed_body'));
  });

  it('of the greatest length fits the largest bucket', () => {
    const longest = task({ text: '\u20ac'.repeat(5461) + 'a', subject: '\u20ac'.repeat(500) });
    expect(encodeAgentTask(longest).length).toBeLessThan(LIMITS.maxTaskPlaintextBytes - 4);
  });
});

describe('an answer', () => {
  const answer = { version: 1, requestId: new Uint8Array(16), outcome: 'cut', text: 'Dear', problem: null } as const;

  it('is unchanged after encoding and decoding, and the longest answer fits its bucket', () => {
    expect(decodeAgentAnswer(encodeAgentAnswer(answer))).toEqual(answer);
    expect(encodeAgentAnswer({ ...answer, text: 'a'.repeat(12_000) }).length).toBeLessThan(16_380);
    expect(() => encodeAgentAnswer({ ...answer, text: '\u20ac'.repeat(4001) })).toThrow(code('malformed_body'));
  });

  it('has a text only for the outcomes complete and cut', () => {
    expect(() => encodeAgentAnswer({ ...answer, text: null })).toThrow(code('malformed_body'));
    expect(() => encodeAgentAnswer({ ...answer, outcome: 'refused' })).toThrow(code('malformed_body'));
  });
});

it('a reply is unchanged after encoding and decoding, and is refused with an unknown member or a wait over 30 seconds', () => {
  const reply = {
    answer: new Uint8Array(16_400),
    statement: 'a.b.c',
    attestationDocument: new Uint8Array(16_512),
    again: { afterMs: 1000 },
  };
  expect(encodeAgentReply(reply).length).toBeLessThan(LIMITS.maxAgentReplyBytes);
  expect(decodeAgentReply(encodeAgentReply(reply))).toEqual(reply);
  expect(() => decodeAgentReply(encodeAgentReply({ ...reply, again: { afterMs: 30_001 } }))).toThrow(
    code('malformed_body'),
  );
  expect(() => decodeAgentReply(encodeCanonical({ v: 1, ...reply, more: 1 }))).toThrow(code('malformed_body'));
});

describe('the claims of a usage statement', () => {
  const usage = { input: 1, cached: 0, cacheWrittenShort: 0, cacheWrittenLong: 0, output: 1, thinking: 0 };
  const claims: UsageStatement = {
    v: 1,
    request_id: '00112233-4455-4677-8899-aabbccddeeff',
    request_sha256: 'A'.repeat(43),
    attempt: 1,
    model_class: 'small',
    provider: 'openai',
    model: 'gpt-test',
    served_model: 'gpt-test-2026-01-01',
    end: 'complete',
    usage_state: 'reported',
    usage,
    prices_version: '2026-01-01.1',
    prices_sha256: 'ab'.repeat(32),
    cost_micro_usd: '7',
    time: 1_800_000_000,
    pcr0: 'ab'.repeat(48),
    attestation_sha256: 'A'.repeat(43),
  };
  const isGood = (changes: object) => usageStatementSchema.safeParse({ ...claims, ...changes }).success;

  it('are accepted when usage, state, end and cost agree', () => {
    expect(isGood({})).toBe(true);
    expect(isGood({ end: 'lost', usage_state: 'unknown', usage: null })).toBe(true);
    expect(isGood({ end: 'key', usage_state: 'not_billed', usage: null, cost_micro_usd: '0' })).toBe(true);
  });

  it.each<[string, object]>([
    ['usage although its state is unknown', { usage_state: 'unknown' }],
    ['no usage although its state is reported', { usage: null }],
    ['a complete answer that is not billed', { usage_state: 'not_billed', usage: null, cost_micro_usd: '0' }],
    ['a cost although nothing is billed', { end: 'key', usage_state: 'not_billed', usage: null }],
    ['a cost although nothing was sent', { end: 'not_sent', usage_state: 'unknown', usage: null }],
    ['a cost below zero', { cost_micro_usd: '-1' }],
    ['a cost with a leading zero', { cost_micro_usd: '07' }],
    ['a cost with a decimal point', { cost_micro_usd: '7.5' }],
    ['a cost as a number', { cost_micro_usd: 7 }],
    ["a provider's own word for an end", { end: 'stop' }],
    ['a third attempt', { attempt: 3 }],
    ['a served model with a line break', { served_model: 'gpt\ntest' }],
    ['a count below zero', { usage: { ...usage, input: -1 } }],
    ['usage that lacks classes of tokens', { usage: { input: 1 } }],
    ['the text of the answer', { text: 'Dear' }],
  ])('are refused with %s', (_name, changes) => {
    expect(isGood(changes)).toBe(false);
  });
});

function innerOf({ sealed }: AgentRequest): Uint8Array {
  return encodeCanonical([
    1,
    1,
    sealed.keyId,
    sealed.messageId,
    sealed.expiresAtSeconds,
    sealed.nullifier,
    sealed.encapsulatedKey,
    sealed.nonce,
    sealed.ciphertext,
  ]);
}
