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

/** Drawn by `hooks.py`: to draw up to 349,547 characters one by one would take hours. */
const SEALED_CIPHERTEXT_FORMAT = 'sealed-ciphertext';
/** A ciphertext of one of the sizes that a task can have. */
const TASK_CIPHERTEXT_FORMAT = 'sealed-task-ciphertext';
/** The tool ends within five minutes, so a task is valid until then. */
const TASK_LIFETIME_S = 590;
/** A class that the enclave of this system attests. */
const MODEL_CLASS = 'fast';

/** Text with visible characters that Congress accepts. No schema can express that rule. */
const printable = (least: number) => ({ type: 'string', pattern: `^[ -~]{0,40}[!-~]{${String(least)},40}$` });
/** Members of a template. The campaign note is null, because this gateway has no registrar. */
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

/** One event. The tool checks each event against the stream's schema, which in OpenAPI 3.1 describes the whole stream as a text. */
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
 * Returns the gateway's document, changed only where a generator could not draw valid requests from it:
 * - Sealed message: the ciphertext is a format of hooks.py, the expiry is within the window that the document states in words, and
 *   every member has its value from the example, for phases that vary one member at a time. The legacy example is left out.
 * - Stream: its schema is that of one event. Template: its texts are printable.
 * - Proof of residence and status secret: left out. This gateway takes no proofs, and refuses a secret beside a token.
 * - Task for a model: it expires sooner than a message, has other sizes, and names a class of this enclave. Its CBOR form is left out,
 *   because the tool takes each body in CBOR as valid at every route.
 * @throws ZodError if the document's shape has changed
 */
export function drawableDocument(served: unknown, nowMs: number): unknown {
  const document = documentSchema.parse(structuredClone(served));
  const nowSeconds = Math.floor(nowMs / 1000);
  const { properties } = document.components.schemas.SealedMessage;
  const { examples } = document.paths['/api/messages'].post.requestBody.content['application/json'];
  const { value } = examples.sealed;
  // The tool would mix members of the two examples
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
