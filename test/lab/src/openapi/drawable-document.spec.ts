import { drawableDocument } from './drawable-document';

const pattern = { type: 'string', pattern: '^[A-Za-z0-9_-]{349546}[AEIMQUYcgkosw048]$' };
const example = (value: object) => ({ summary: 'One', value });
const id = { name: 'id', in: 'path' };
const secret = { name: 'communique-status-secret', in: 'header' };
const form = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const documentOf = (
  properties: object,
  examples: object,
  stream: object,
  more = {
    parameters: [id, secret],
    forms: ['SealedMessage', 'ProvenMessage'].map(form),
    template: { title: { type: 'string' }, slug: pattern } as object,
    task: { 'application/json': { examples: { task: example({}) } }, 'application/cbor': {} } as object,
    request: { modelClass: { type: 'string' }, sealed: form('SealedMessage') } as object,
  },
) => ({
  paths: {
    '/api/agents': { get: {}, post: { requestBody: { content: more.task } } },
    '/api/messages/{id}': { get: { parameters: more.parameters } },
    '/api/messages': { post: { requestBody: { content: { 'application/json': { examples } } } } },
    '/api/messages/{id}/events': {
      get: {
        parameters: more.parameters,
        responses: { '200': { content: { 'text/event-stream': { schema: stream } } } },
      },
    },
  },
  components: {
    schemas: {
      SealedMessage: { properties },
      AgentRequest: { properties: more.request },
      LegacyMessage: { properties: { ciphertext: pattern } },
      SubmittedMessage: { anyOf: more.forms },
      NewTemplate: { properties: more.template },
      TemplateChange: { properties: more.template },
    },
  },
});

it('changes only the parts that schemathesis cannot use, and leaves the given document unchanged', () => {
  const served = () =>
    documentOf(
      { ciphertext: pattern, expiresAt: { type: 'integer' }, nonce: { type: 'string' } },
      { sealed: example({ nonce: 'AAAA' }), legacy: example({}) },
      { type: 'string' },
    );
  const given = served();
  expect(drawableDocument(given, 1_000)).toEqual(
    documentOf(
      {
        ciphertext: { type: 'string', format: 'sealed-ciphertext' },
        expiresAt: { enum: [3_601, 86_401, 518_401] },
        nonce: { type: 'string', examples: ['AAAA'] },
      },
      { sealed: example({ nonce: 'AAAA' }) },
      expect.objectContaining({ type: 'object', required: ['event', 'data'] }) as object,
      {
        parameters: [id],
        forms: [form('SealedMessage')],
        template: expect.objectContaining({
          title: { type: 'string', pattern: '^[ -~]{0,40}[!-~]{2,40}$' },
          campaignNote: { type: 'null' },
          slug: pattern,
        }) as object,
        task: { 'application/json': { examples: {} } },
        request: {
          modelClass: { const: 'fast' },
          sealed: {
            properties: {
              ciphertext: { type: 'string', format: 'sealed-task-ciphertext' },
              expiresAt: { const: 591 },
              nonce: { type: 'string', examples: ['AAAA'] },
            },
          },
        },
      },
    ),
  );
  expect(given).toEqual(served());
});

it('throws if the document has another shape', () => {
  expect(() => drawableDocument({ paths: {} }, 0)).toThrow();
});
