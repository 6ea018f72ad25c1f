import type { Readable } from 'node:stream';
import { MESSAGE_ID_PATTERN, type MessageView } from '@communique-tee/protocol';
import { Controller, Get, Headers, HttpCode, Optional, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { negotiate } from '../../core/routing/accept';
import { Authenticated } from '../auth/authenticated';
import { Caller, type CallerIdentity } from '../auth/caller';
import { foreseenOf } from '../budget/foreseen';
import { highestCostOfMessageMicroUsd } from '../../core/config/prices';
import { Spends } from '../../core/routing/spends';
import { ProblemError } from '../../core/problems/problem-error';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { LegacySuite } from '../legacy/legacy-suite';
import { Logger } from '../../core/telemetry/logger';
import { parseIdempotencyKey } from './idempotency-key';
import { MessagesService } from './messages.service';
import { type PostedMessage, readSealedMessage } from './read-sealed-message';
import { StatusStreams } from './status-streams';
import { legacySubmissionOf, submissionOf, type Submission } from '../acceptance/submission';

const EVENT_STREAM = 'text/event-stream';

@Controller('api/messages')
export class MessagesController {
  constructor(
    private readonly messages: MessagesService,
    private readonly streams: StatusStreams,
    private readonly logger: Logger,
    /** Absent where this process only accepts and knows no enclave. */
    @Optional() private readonly legacy?: LegacySuite,
  ) {}

  @Post()
  @HttpCode(202)
  @Authenticated()
  @RateLimit('api')
  @Spends(highestCostOfMessageMicroUsd)
  async post(
    @Caller() caller: CallerIdentity,
    @Req() request: FastifyRequest,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MessageView> {
    const key = parseIdempotencyKey(idempotencyKey);
    const submission = this.submissionOf(readSealedMessage(request.body));
    const view = await this.messages.accept(caller.owner, submission, key, foreseenOf(request));
    this.logger.info({ messageId: view.id, state: view.status, bytes: submission.sealed.length }, 'message accepted');
    void reply.header('location', `/api/messages/${view.id}`);
    return view;
  }

  @Get(':id')
  @Authenticated()
  @RateLimit('api')
  async get(
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MessageView | Readable> {
    if (!MESSAGE_ID_PATTERN.test(id)) throw new ProblemError('not_found');
    void reply.header('vary', 'Accept');
    // Nothing was ever refused here for its Accept: whoever does not ask for events by preference gets the view.
    if (negotiate(accept, ['application/json', EVENT_STREAM]) !== EVENT_STREAM)
      return this.messages.find(caller.owner, id);
    const events = await this.streams.about(caller.owner, id);
    // nginx would keep events back until its buffer is full.
    void reply.headers({ 'content-type': EVENT_STREAM, 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
    return events;
  }

  /** @throws ProblemError `suite_unsupported` | `enclave_unavailable` */
  private submissionOf(posted: PostedMessage): Submission {
    if (posted.kind === 'standard') return submissionOf(posted.message);
    if (this.legacy === undefined) throw new ProblemError('suite_unsupported');
    this.legacy.assertOpen();
    return legacySubmissionOf(posted.message);
  }
}
