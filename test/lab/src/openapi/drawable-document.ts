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

/** Drawn by `hooks.py`: characters one by one, up to 349,547 of them, would take hours. */
const SEALED_CIPHERTEXT_FORMAT = 'sealed-ciphertext';
/** Of the sizes that a task can have. */
const TASK_CIPHERTEXT_FORMAT = 'sealed-task-ciphertext';
/** The tool ends within five minutes, so a task is valid until then. */
const TASK_LIFETIME_S = 590;
/** The enclave of this system attests it. */
const MODEL_CLASS = 'fast';

/** What can be seen and sent to Congress, which no schema can say. */
const printable = (least: number) => ({ type: 'string', pattern: `^[ -~]{0,40}[!-~]{${String(least)},40}$` });
/** Of a template. This gateway has no registrar, so no campaign note is one. */
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

/** The tool checks each event by the schema, where OpenAPI 3.1 has it describe the whole stream: a text. */
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
 * The gateway's document with what a generator cannot draw by itself put otherwise: the ciphertext of a size bucket as a format of
 * hooks.py, the expiry within the window that the document has in words, and beside each other member of a sealed message the value
 * of the example, for phases that vary one member at a time. The example of the other form is left out. The schema of a
 * stream is that of an event. Texts of a template are printable. A proof of residence is left out, with the status secret: the gateway
 * here takes none, and a secret beside a token is refused. A task for a model expires sooner than a message, has other sizes, and
 * names a class of this enclave; its form in CBOR is left out, since the tool takes each body in CBOR for valid at every route. Nothing else
 * is changed.
 * @throws ZodError if the document has another shape by now
 */
export function drawableDocument(served: unknown, nowMs: number): unknown {
  const document = documentSchema.parse(structuredClone(served));
  const nowSeconds = Math.floor(nowMs / 1000);
  const { properties } = document.components.schemas.SealedMessage;
  const { examples } = document.paths['/api/messages'].post.requestBody.content['application/json'];
  const { value } = examples.sealed;
  // The tool would put members of one example into the other
  delete examples['legacy'];
  for (const [name, schema] of Object.entries(properties)) properties[name] = { ...schema, examples: [value[name]] };
  properties['ciphertext'] = { type: 'string', format: SEALED_CIPHERTEXT_FORMAT };
  properties['expiresAt'] = { enum: [HOUR_S, DAY_S, 6 * DAY_S].map((lifetime) => nowSeconds + lifetime) };
  const task = document.paths['/api/agents'].post.requestBody.content;
  delete task['application/cbor'];
  // Of another class, for another enclave
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
