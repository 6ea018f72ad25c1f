import { Readable } from 'node:stream';
import {
  type Envelope,
  legacyMessageJsonSchema,
  MESSAGE_ID_PATTERN,
  type MessageView,
  messageViewSchema,
  type ProvenEnvelope,
  provenMessageJsonSchema,
  sealedMessageJsonSchema,
  toHex,
} from '@communique-tee/protocol';
import { Controller, Get, Headers, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { AuthenticatedOrProven, AuthenticatedReader } from '../auth/authenticated';
import { callerOf } from '../auth/caller';
import { type Reader, ReaderOf } from '../auth/reader';
import { clientAddress } from '../limits/client-address';
import { ProofAdmission } from '../residence/proof-admission';
import { cachedRefusalOf } from '../budget/cached-refusals';
import { SpendsOn } from '../budget/spends';
import { ProblemError } from '../../core/problems/problem-error';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { LegacySuite } from '../legacy/legacy-suite';
import { Logger } from '../../core/telemetry/logger';
import { parseIdempotencyKey } from './idempotency-key';
import {
  DELIVERED_MESSAGE,
  exampleLegacyMessage,
  exampleMessage,
  MESSAGE_EVENTS,
  QUEUED_MESSAGE,
} from './message-examples';
import { MessagesService } from './messages.service';
import { type PostedMessage, readSealedMessage } from './read-sealed-message';
import { StatusStreams } from './status-streams';
import { legacySubmissionOf, provenSubmissionOf, submissionOf, type Submission } from '../acceptance/submission';
import { DATABASE_PROBLEMS } from '../../core/database/database';
import { BINARY, type Parameter, type Tag } from '../../core/routing/operation';
import { Operation } from '../../core/routing/route-policy';

const submittedMessageSchema = z
  .union([sealedMessageJsonSchema, provenMessageJsonSchema, legacyMessageJsonSchema])
  .meta({
    id: 'SubmittedMessage',
    description: 'A sealed message, with or without a proof of residence, or a message of the web client (legacy).',
  });
const MESSAGES: Tag = { name: 'Messages', description: 'Submit a sealed message, and follow it to its receipt.' };
const MESSAGE_ID: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The message id.',
  schema: { type: 'string', format: 'uuid', pattern: MESSAGE_ID_PATTERN.source },
  example: 'd6f5338e-d002-6604-860d-86d5f3373f6d',
};

@Controller('api/messages')
export class MessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly streams: StatusStreams,
    private readonly logger: Logger,
    private readonly legacy: LegacySuite,
    private readonly proofs: ProofAdmission,
  ) {}

  @Post()
  @HttpCode(202)
  @AuthenticatedOrProven()
  @RateLimit('api')
  @Operation({
    id: 'submitMessage',
    tag: MESSAGES,
    summary: 'Submit a sealed message',
    description:
      'Accepts a message that only the attested enclave can open. When the answer is 202, the message and its delivery job are committed to the database. Submitting the same bytes again under the same message id costs nothing. It returns the message with its current status; for a `ProvenMessage` it repeats the first answer. A message that ended as `key_retired` may be sealed again and submitted under its id, with a new Idempotency-Key or none.\n\nA `LegacyMessage` is accepted while an attested enclave has a key of the legacy suite, unless every message needs a proof of residence. Its id is computed from its ciphertext, and the gateway tries to deliver it for seven days.\n\nIf the gateway accepts proofs of residence (`getResidence`), a `ProvenMessage` needs no token. Its status can be read only with its status secret. Without a token it has no owner, and its Idempotency-Key is ignored. The same message with a new proof is still the same message.',
    parameters: [
      {
        name: 'Idempotency-Key',
        in: 'header',
        description: '1 to 128 visible ASCII characters. Without it the message id is the key.',
        schema: { type: 'string', minLength: 1, maxLength: 128, pattern: '^[\\x21-\\x7e]+$' },
        example: ({ random }) => toHex(random(16)),
      },
    ],
    body: {
      'application/json': {
        schema: submittedMessageSchema,
        examples: { sealed: exampleMessage, legacy: exampleLegacyMessage },
      },
      'application/cbor': {
        schema: {
          ...BINARY,
          description:
            'Canonical CBOR. Form 1, without a proof: `[1, suite, key id, message id, expiry, nullifier, encapsulated key, nonce, ciphertext]`. Form 2, with a proof: `[2, verification key SHA-256, status SHA-256, root note, claim, proof, bytes of form 1]`.',
        },
      },
    },
    answers: {
      '202': {
        description: 'The message is accepted, by this request or an earlier one.',
        content: { 'application/json': { schema: messageViewSchema, examples: { queued: QUEUED_MESSAGE } } },
        headers: { Location: 'Address of the message.' },
        links: {
          status: {
            operationId: 'getMessage',
            parameters: { id: '$response.body#/id' },
            description: 'The status of the accepted message, for the same caller.',
          },
          events: {
            operationId: 'watchMessage',
            parameters: { id: '$response.body#/id' },
            description: 'Each change of the status, for the same caller.',
          },
        },
      },
    },
    problems: [
      ...DATABASE_PROBLEMS,
      'malformed_body',
      'body_too_large',
      'unsupported_media_type',
      'suite_unsupported',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      'message_id_taken',
      'expiry_out_of_range',
      'enclave_unavailable',
      'residence_required',
      'residence_not_open',
      'root_not_accepted',
      'circuit_retired',
      'already_sent',
      'proof_invalid',
      'residence_disagrees',
      'verifier_busy',
    ],
  })
  @SpendsOn('message')
  async post(
    @Req() request: FastifyRequest,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MessageView> {
    const key = parseIdempotencyKey(idempotencyKey);
    const posted = readSealedMessage(request.body);
    const owner = callerOf(request)?.owner ?? null;
    const proven = posted.kind === 'standard' ? provenOf(posted.envelope) : null;
    this.proofs.assertForm({ hasProof: proven !== null, hasToken: owner !== null });
    const view = await (proven === null
      ? this.messages.accept(owner, this.submissionOf(posted), key, cachedRefusalOf(request))
      : this.acceptProven(request, proven, owner, key));
    void reply.header('location', `/api/messages/${view.id}`);
    this.logger.info({ messageId: view.id, state: view.status }, 'message accepted');
    return view;
  }

  /** Verifies the proof of a message before anything is written, and then accepts the message. */
  private async acceptProven(
    request: FastifyRequest,
    envelope: ProvenEnvelope,
    owner: string | null,
    key: string | undefined,
  ): Promise<MessageView> {
    const now = new Date();
    const submission = provenSubmissionOf(envelope);
    const address = clientAddress(request.ip, request.socket.remoteAddress);
    const cachedRefusal = cachedRefusalOf(request);
    const queueRefusal = () => this.messages.queueRefusal();
    const source = { address, owner, cachedRefusal, queueRefusal };
    const refusal = await this.proofs.refusalOf(envelope, submission, source, now);
    if (refusal !== null) return this.messages.repeatOf(owner, submission, refusal);
    const view = await this.messages.accept(owner, submission, key, cachedRefusal, now);
    this.proofs.accepted(envelope.residence.rootNote, submission, now);
    return view;
  }

  @Get(':id')
  @AuthenticatedReader()
  @RateLimit('api')
  @Operation({
    id: 'getMessage',
    tag: MESSAGES,
    summary: 'Get the status of a message',
    description:
      'Only the sender can read the status. A message with a proof of residence needs its status secret; any other message needs the token of the user who submitted it. Other callers get 404. `receipt` and `sealedAnswer` are null until an enclave signed a receipt. While an office is pending, they are interim and may change.',
    parameters: [MESSAGE_ID],
    answers: {
      '200': {
        description: 'The message, with its receipt if an enclave signed one.',
        content: {
          'application/json': {
            schema: messageViewSchema,
            examples: { queued: QUEUED_MESSAGE, delivered: DELIVERED_MESSAGE },
          },
        },
      },
    },
    problems: [...DATABASE_PROBLEMS, 'not_found'],
  })
  async get(@ReaderOf() reader: Reader, @Param('id') id: string): Promise<MessageView> {
    return this.messages.find(reader, messageIdOf(id));
  }

  @Get(':id/events')
  @AuthenticatedReader()
  @RateLimit('api')
  @Operation({
    id: 'watchMessage',
    tag: MESSAGES,
    summary: 'Watch a message until it has ended',
    description:
      'Server-sent events. The gateway sends `event: status` with the message as JSON, at once and at each change, until the message has ended. It sends a comment every 15 seconds. The gateway ends the stream after two minutes, or when it shuts down, even if the message has not ended: connect again after `retry` milliseconds. A caller may have 10 streams open at once; one more gets `rate_limited`. If the process has too many streams open, the answer is `overloaded`.',
    parameters: [MESSAGE_ID],
    answers: {
      '200': {
        description: 'The events.',
        content: {
          'text/event-stream': {
            schema: {
              type: 'string',
              description:
                'Events named `status`. The data of each event is the message as `getMessage` returns it, in one line.',
            },
            examples: { first: MESSAGE_EVENTS },
          },
        },
      },
    },
    problems: [...DATABASE_PROBLEMS, 'not_found'],
  })
  async watch(
    @ReaderOf() reader: Reader,
    @Param('id') text: string,
    @Req() { method }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const id = messageIdOf(text);
    const events = method === 'HEAD' ? await this.noEvents(reader, id) : await this.streams.about(reader, id);
    // Without this header nginx would hold events back until its buffer is full.
    void reply.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    return events;
  }

  /**
   * Answers HEAD: neither opens nor counts a stream.
   * @throws ProblemError `not_found`
   */
  private async noEvents(reader: Reader, id: string): Promise<Readable> {
    await this.messages.find(reader, id);
    return Readable.from([]);
  }

  /** @throws ProblemError `suite_unsupported` | `enclave_unavailable` */
  private submissionOf(posted: PostedMessage): Submission {
    if (posted.kind === 'standard') return submissionOf(posted.envelope.sealed);
    this.legacy.assertOpen();
    return legacySubmissionOf(posted.message);
  }
}

function provenOf({ sealed, residence }: Envelope): ProvenEnvelope | null {
  return residence && { sealed, residence };
}

/** @throws ProblemError `not_found`: the text is no message id */
function messageIdOf(text: string): string {
  if (!MESSAGE_ID_PATTERN.test(text)) throw new ProblemError('not_found');
  return text;
}
