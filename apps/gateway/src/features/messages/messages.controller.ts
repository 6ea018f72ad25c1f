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
    description: 'A sealed message, with or without a proof of residence, or one of the web client (legacy).',
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
      'Accepts a message that only the attested enclave can open. When the answer is 202, the message and its delivery are committed to the database. Submitting the same bytes again under the same message id returns the message with its current status and costs nothing. A message that ended as `key_retired` may be sealed again and submitted under its id, with a new Idempotency-Key or none. A `LegacyMessage` is accepted while an attested enclave has a key of the legacy suite; its id is computed from its ciphertext, and the gateway tries to deliver it for seven days. If the gateway accepts proofs of residence (`getResidence`), a `ProvenMessage` needs no token. Without a token it has no owner, its Idempotency-Key is ignored, and its status can be read only with its status secret. The same message with a new proof is still the same message.',
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
            'Canonical CBOR: `[1, suite, key id, message id, expiry, nullifier, encapsulated key, nonce, ciphertext]`, or with a proof `[2, verification key SHA-256, status SHA-256, root note, claim, proof, bytes of the former]`.',
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

  /** Accepts a message with a proof, which is verified before anything is written. */
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
      'Only the sender can read it: a message with a proof of residence with its status secret, any other message with a token. Other callers get 404. The receipt and the sealed answer are there once the message has ended.',
    parameters: [MESSAGE_ID],
    answers: {
      '200': {
        description: 'The message, with its receipt once there is one.',
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
      'Server-sent events: `event: status` with the message as JSON, at once and at each change, until the message has ended. A comment comes every 15 seconds. After two minutes, or when the gateway shuts down, the stream ends before the message does: connect again after `retry` milliseconds. A caller may hold 10 streams at once (else `rate_limited`), and each process a bounded number (else `overloaded`).',
    parameters: [MESSAGE_ID],
    answers: {
      '200': {
        description: 'The events.',
        content: {
          'text/event-stream': {
            schema: {
              type: 'string',
              description:
                'Events named `status`. The data of each is the message as `getMessage` returns it, in one line.',
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
