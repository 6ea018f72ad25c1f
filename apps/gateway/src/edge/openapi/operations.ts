import {
  attestationViewSchema,
  legacyMessageJsonSchema,
  legacyPublicKeyViewSchema,
  type ProblemCode,
  messageViewSchema,
  sealedMessageJsonSchema,
} from '@communique-tee/protocol';
import * as z from 'zod';
import { adminKeysSchema, adminStatusSchema } from '../../features/admin/admin-status';
import { budgetViewSchema } from '../../features/budget/budget-view';
import { adminHistorySchema, healthHistorySchema } from '../monitoring/history/history-view';
import { pageFactsSchema } from '../page/page-facts';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: true;
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly description: string;
  /** Media type to schema; a zod schema, or a plain one for bytes. */
  readonly content: Readonly<Record<string, z.ZodType | Readonly<Record<string, unknown>>>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Operation {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly authenticated: boolean;
  readonly parameters?: readonly Parameter[];
  readonly body?: Answer['content'];
  readonly answers: Readonly<Record<string, Answer>>;
  readonly problems: readonly ProblemCode[];
}

const uuid = { type: 'string', format: 'uuid' } as const;
const binary = { type: 'string', format: 'binary' } as const;
const anything = { type: 'object', additionalProperties: true } as const;
const text = { type: 'string' } as const;
const NOT_MODIFIED = { '304': { description: 'As it was when it had this ETag.', content: {} } } as const;
const SINCE: Parameter = {
  name: 'since',
  in: 'query',
  description: 'Unix seconds: later samples alone.',
  schema: { type: 'string', pattern: '^[0-9]{1,11}$' },
};
const LIMITED = ['rate_limited'] as const;
const PROTECTED = [
  'unauthenticated',
  'identity_provider_unavailable',
  'database_unavailable',
  'overloaded',
  ...LIMITED,
] as const;

/** Every route that the gateway has; a spec holds this list against the routes that are registered. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/api/messages',
    summary: 'Hand over a sealed message',
    description:
      'Accepts a message that only the attested enclave can open. When 202 is answered, the message and its delivery are committed to the database. The same bytes under the same message id are answered with the message as it stands and cost nothing. A message that ended as `key_retired` may be sealed again and posted under its id with a new Idempotency-Key, or none. The sealed JSON of the web client that exists today (`teeKeyId`) is taken where a trusted enclave attests a key of that suite; its id is made of its ciphertext, and it is tried for seven days.',
    authenticated: true,
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        description: '1 to 128 visible ASCII characters. Without it the message id is the key.',
        schema: { type: 'string', minLength: 1, maxLength: 128, pattern: '^[\\x21-\\x7e]+$' },
      },
    ],
    body: {
      'application/json': z.union([sealedMessageJsonSchema, legacyMessageJsonSchema]),
      'application/cbor': {
        ...binary,
        description:
          'Canonical CBOR: [1, suite, key id, message id, expiry, nullifier, encapsulated key, nonce, ciphertext].',
      },
    },
    answers: {
      '202': {
        description: 'Accepted, or accepted before.',
        content: { 'application/json': messageViewSchema },
        headers: { Location: 'Where the message can be watched.' },
      },
    },
    problems: [
      ...PROTECTED,
      'malformed_body',
      'body_too_large',
      'unsupported_media_type',
      'suite_unsupported',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      'message_id_taken',
      'expiry_out_of_range',
      'enclave_unavailable',
      'user_daily_limit_reached',
      'system_hourly_limit_reached',
      'emergency_stop',
    ],
  },
  {
    method: 'get',
    path: '/api/messages/{id}',
    summary: 'How a message stands',
    description:
      'For its owner alone; anybody else finds nothing there. Asked with `Accept: text/event-stream`, it is answered with server-sent events: `event: status` and the view as JSON, at once and at each change, until the message has ended. Comments come every 15 seconds. After two minutes, or where the gateway shuts down, the stream ends before the message does: ask again after `retry` milliseconds. At most 10 streams of one caller at once (`rate_limited`), and a bounded number of each process (`overloaded`).',
    authenticated: true,
    parameters: [{ name: 'id', in: 'path', required: true, description: 'The message id.', schema: uuid }],
    answers: {
      '200': {
        description: 'The message, with its receipt once there is one.',
        content: {
          'application/json': messageViewSchema,
          'text/event-stream': {
            type: 'string',
            description: 'Events `status`; the data of each is the view as in application/json, in one line.',
          },
        },
      },
    },
    problems: [...PROTECTED, 'not_found'],
  },
  {
    method: 'get',
    path: '/api/budget',
    summary: "The caller's budget of this UTC day",
    description: 'What is promised for messages on their way and what is spent.',
    authenticated: true,
    answers: { '200': { description: 'Amounts in dollars.', content: { 'application/json': budgetViewSchema } } },
    problems: [...PROTECTED],
  },
  {
    method: 'get',
    path: '/api/admin/status',
    summary: 'Queue, budget and emergency stop',
    description:
      "For people who run the gateway: the token's `scope` must hold the scope of administration (AUTH_ADMIN_SCOPE). Reads only.",
    authenticated: true,
    answers: {
      '200': { description: 'Sums; amounts in dollars.', content: { 'application/json': adminStatusSchema } },
    },
    problems: [...PROTECTED, 'forbidden'],
  },
  {
    method: 'get',
    path: '/api/admin/keys',
    summary: 'The sealed keys of the enclaves',
    description:
      "Needs the scope of administration. The latest first, at most 500, until they are deleted some days after their end. `live`: the newest of its custody and image is sealed to; `rotated`: only opens what was sealed to it; `destroyed`, `revoked`: its record is gone. They are revoked by the operator's command (`npm run operator -- keys revoke`).",
    authenticated: true,
    answers: {
      '200': {
        description: 'What is known of each key; nothing that is sealed.',
        content: { 'application/json': adminKeysSchema },
      },
    },
    problems: [...PROTECTED, 'forbidden'],
  },
  {
    method: 'get',
    path: '/attestation',
    summary: "The enclave's attestation document",
    description:
      'With a nonce: a fresh document that carries it. Without one: a document that may have been handed out before. Only what is inside the document is signed.',
    authenticated: false,
    parameters: [
      {
        name: 'nonce',
        in: 'query',
        description: '16 to 64 bytes in hex, random.',
        schema: { type: 'string', pattern: '^([0-9a-fA-F]{2}){16,64}$' },
      },
    ],
    answers: {
      '200': {
        description: 'The document.',
        content: {
          'application/json': attestationViewSchema,
          'application/cose': { ...binary, description: 'COSE_Sign1, as the NSM gave it.' },
        },
      },
    },
    problems: [
      ...LIMITED,
      'nonce_invalid',
      'not_acceptable',
      'enclave_unavailable',
      'enclave_timeout',
      'enclave_answer_invalid',
      'enclave_busy',
      'keys_not_ready',
    ],
  },
  {
    method: 'get',
    path: '/api/tee/public-key',
    summary: 'The key of the legacy suite',
    description:
      'For the web client that exists today, in the shape that it reads. Nothing of it is signed: the same key stands in `user_data` of the attestation document (`legacy_key`), where a newer client checks it. Not found where no trusted enclave attests such a key, since its configuration does not switch the suite on.',
    authenticated: false,
    answers: { '200': { description: 'The current key.', content: { 'application/json': legacyPublicKeyViewSchema } } },
    problems: [...LIMITED, 'not_found'],
  },
  {
    method: 'get',
    path: '/health',
    summary: 'Whether the gateway runs',
    description: 'Says nothing of what stands behind it.',
    authenticated: false,
    answers: { '200': { description: 'It runs.', content: { 'application/json': anything } } },
    problems: [],
  },
  {
    method: 'get',
    path: '/health/ready',
    summary: 'Whether new work should be sent here',
    description:
      'For load balancers. From the first moment of a shutdown on it says no, while whatever still comes is answered for SHUTDOWN_DRAIN_MS; so it does while the database is away or takes nothing. A look at the database serves all who ask within a second. `keys` says whether an enclave is there that has its keys (`ready`, `waiting`, `unknown`); it changes nothing in the status.',
    authenticated: false,
    answers: {
      '200': {
        description: 'Work may come.',
        content: {
          'application/json': z.strictObject({
            status: z.literal('ready'),
            keys: z.enum(['ready', 'waiting', 'unknown']),
          }),
        },
      },
    },
    problems: ['shutting_down', 'database_unavailable', 'overloaded', ...LIMITED],
  },
  {
    method: 'get',
    path: '/api/health/tee',
    summary: 'Whether messages can be accepted and delivered',
    description:
      'Enclave, its attestation, its keys, database, rate limits, queue and budget, each up or down with the reason. Of each enclave’s keys: who guards them (`process`: nobody, they end with it), `state` (`waiting`: it takes no messages yet), the current key id, how many it holds, and why KMS is of no use to it, where it is not.',
    authenticated: false,
    answers: {
      '200': { description: 'Everything is up.', content: { 'application/json': anything } },
      '503': { description: 'Something is down, and what.', content: { 'application/json': anything } },
    },
    problems: [...LIMITED],
  },
  {
    method: 'get',
    path: '/api/health/history',
    summary: 'The last hours of this process',
    description:
      'Every ten seconds, for at most six hours, in memory: what /api/health/tee says of each indicator, and how old the last verification of an enclave was. Each process has its own.',
    authenticated: false,
    parameters: [SINCE],
    answers: {
      '200': {
        description: 'Lists with an entry for each sample.',
        content: { 'application/json': healthHistorySchema },
      },
    },
    problems: [...LIMITED],
  },
  {
    method: 'get',
    path: '/api/admin/history',
    summary: 'Queue, budget and latency of the last hours',
    description:
      'Needs the scope of administration. As /api/health/history: of this process, in memory. Latencies are those of the ten seconds before each sample: of answers to POST /api/messages, of the enclave’s answers to relayed messages, of whole delivery attempts.',
    authenticated: true,
    parameters: [SINCE],
    answers: {
      '200': {
        description: 'Lists with an entry for each sample.',
        content: { 'application/json': adminHistorySchema },
      },
    },
    problems: ['unauthenticated', 'identity_provider_unavailable', 'forbidden', ...LIMITED],
  },
  {
    method: 'get',
    path: '/api/page',
    summary: 'What the page has to be told',
    description:
      'The measurements that this gateway accepts, and in development the root that its documents chain to. Words of the server: nothing of it is signed.',
    authenticated: false,
    answers: { '200': { description: 'What it says.', content: { 'application/json': pageFactsSchema } } },
    problems: [...LIMITED],
  },
  ...(['/', '/status'] as const).map((path): Operation => ({
    method: 'get',
    path,
    summary: path === '/' ? 'The page: who answers, what is proven, write, follow' : 'The page for operators',
    description: 'For browsers. Who asks for JSON, and not for HTML, finds nothing here.',
    authenticated: false,
    answers: { '200': { description: 'The page.', content: { 'text/html': text } }, ...NOT_MODIFIED },
    problems: ['not_found', ...LIMITED],
  })),
  {
    method: 'get',
    path: '/page/{file}',
    summary: 'Scripts, styles and the icon of the page',
    description: 'Their names hold a hash of their content: they may be kept for ever.',
    authenticated: false,
    parameters: [
      { name: 'file', in: 'path', required: true, description: 'As the page names it.', schema: { type: 'string' } },
    ],
    answers: {
      '200': {
        description: 'The file.',
        content: { 'text/javascript': text, 'text/css': text, 'image/svg+xml': text },
      },
      ...NOT_MODIFIED,
    },
    problems: ['not_found', ...LIMITED],
  },
];

/** What any request can meet, whatever its route. */
export const EVERYWHERE: readonly ProblemCode[] = [
  'malformed_body',
  'rate_limited',
  'method_not_allowed',
  'request_timeout',
  'uri_too_long',
  'headers_too_large',
  'shutting_down',
  'internal_error',
];
