import * as z from 'zod';

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

const property = z.record(z.string(), z.unknown());
const parameters = z.array(z.looseObject({ name: z.string() }));
const template = z.looseObject({ properties: z.record(z.string(), property) });
const documentSchema = z.looseObject({
  paths: z.looseObject({
    '/api/messages': z.looseObject({
      post: z.looseObject({
        requestBody: z.looseObject({
          content: z.looseObject({
            'application/json': z.looseObject({
              examples: z.looseObject({ sealed: z.looseObject({ value: property }) }),
            }),
          }),
        }),
      }),
    }),
    '/api/agents': z.looseObject({
      post: z.looseObject({
        requestBody: z.looseObject({
          content: z.looseObject({ 'application/json': z.looseObject({ examples: property }) }),
        }),
      }),
    }),
    '/api/messages/{id}': z.looseObject({ get: z.looseObject({ parameters }) }),
    '/api/messages/{id}/events': z.looseObject({
      get: z.looseObject({
        parameters,
        responses: z.looseObject({
          '200': z.looseObject({
            content: z.looseObject({ 'text/event-stream': z.looseObject({ schema: property }) }),
          }),
        }),
      }),
    }),
  }),
  components: z.looseObject({
    schemas: z.looseObject({
      SealedMessage: template,
      AgentRequest: template,
      SubmittedMessage: z.looseObject({ anyOf: z.array(z.looseObject({ $ref: z.string() })) }),
      NewTemplate: template,
      TemplateChange: template,
    }),
  }),
});

/** A format for which `hooks.py` makes ciphertexts. Schemathesis would take hours to draw up to 349,547 characters one by one. */
const SEALED_CIPHERTEXT_FORMAT = 'sealed-ciphertext';
/** The same for a task's ciphertext, which has other sizes. */
const TASK_CIPHERTEXT_FORMAT = 'sealed-task-ciphertext';
/** A task's lifetime. Schemathesis ends within five minutes, so the task stays valid. */
const TASK_LIFETIME_S = 590;
/** A model class that the tested system's enclave offers. */
const MODEL_CLASS = 'fast';

/** A schema for text that Congress accepts: it needs visible characters, which the gateway's own schema does not express. */
const printable = (least: number) => ({ type: 'string', pattern: `^[ -~]{0,40}[!-~]{${String(least)},40}$` });
/** The campaign note is null, because this gateway has no registrar. */
const TEMPLATE_MEMBERS = {
  title: printable(2),
  description: printable(2),
  category: printable(2),
  subject: printable(6),
  body: printable(6),
  campaignNote: { type: 'null' },
  sources: {
    type: 'array',
    maxItems: 3,
    items: {
      type: 'object',
      required: ['title', 'url'],
      additionalProperties: false,
      properties: {
        title: printable(2),
        url: { type: 'string', pattern: '^https://[a-z]{3,20}[.]example/[a-z]{0,20}$' },
      },
    },
  },
};

/** The schema of one event. Schemathesis checks each event, but in OpenAPI 3.1 the stream's schema describes the whole stream as text. */
const EVENT = {
  type: 'object',
  required: ['event', 'data'],
  properties: {
    event: { const: 'status' },
    data: {
      type: 'string',
      contentMediaType: 'application/json',
      contentSchema: { $ref: '#/components/schemas/Message' },
    },
  },
};

/**
 * Returns the gateway's OpenAPI document, changed only where Schemathesis could not make valid requests or check the answers:
 * - Sealed message: the ciphertext has a format of hooks.py. The expiry is one of three times that the gateway accepts. Every other member
 *   gets its value in the example as its own example.
 * - Event stream: the schema describes one event.
 * - Template: the texts are printable.
 * - Proof of residence and status secret: left out. This gateway accepts no proofs, and refuses a secret together with a token.
 * - Task for a model: it expires sooner than a message, has other sizes, and names a model class of this enclave. Its CBOR form is left
 *   out, because Schemathesis would treat each body in CBOR as valid for every route.
 * @throws ZodError if the document's shape has changed
 */
export function drawableDocument(served: unknown, nowMs: number): unknown {
  const document = documentSchema.parse(structuredClone(served));
  const nowSeconds = Math.floor(nowMs / 1000);
  const { properties } = document.components.schemas.SealedMessage;
  const { examples } = document.paths['/api/messages'].post.requestBody.content['application/json'];
  const { value } = examples.sealed;
  // Schemathesis would mix members of the two examples
  delete examples['legacy'];
  for (const [name, schema] of Object.entries(properties)) properties[name] = { ...schema, examples: [value[name]] };
  properties['ciphertext'] = { type: 'string', format: SEALED_CIPHERTEXT_FORMAT };
  properties['expiresAt'] = { enum: [HOUR_S, DAY_S, 6 * DAY_S].map((lifetime) => nowSeconds + lifetime) };
  const task = document.paths['/api/agents'].post.requestBody.content;
  delete task['application/cbor'];
  // The document's examples name a model class of another enclave
  task['application/json'].examples = {};
  const sealedTask = {
    ...document.components.schemas.SealedMessage,
    properties: {
      ...properties,
      expiresAt: { const: nowSeconds + TASK_LIFETIME_S },
      ciphertext: { type: 'string', format: TASK_CIPHERTEXT_FORMAT },
    },
  };
  Object.assign(document.components.schemas.AgentRequest.properties, {
    modelClass: { const: MODEL_CLASS },
    sealed: sealedTask,
  });
  const { SubmittedMessage, NewTemplate, TemplateChange } = document.components.schemas;
  SubmittedMessage.anyOf = SubmittedMessage.anyOf.filter(({ $ref }) => !$ref.endsWith('/ProvenMessage'));
  for (const each of [NewTemplate, TemplateChange]) Object.assign(each.properties, TEMPLATE_MEMBERS);
  for (const path of ['/api/messages/{id}', '/api/messages/{id}/events'] as const) {
    const { get } = document.paths[path];
    get.parameters = get.parameters.filter(({ name }) => name !== 'communique-status-secret');
  }
  document.paths['/api/messages/{id}/events'].get.responses['200'].content['text/event-stream'].schema = EVENT;
  return document;
}
