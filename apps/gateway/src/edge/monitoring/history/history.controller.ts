import { Controller, Get, Query } from '@nestjs/common';
import { AdminScope } from '../../../features/auth/admin-scope';
import { ProblemError } from '../../../core/problems/problem-error';
import { RateLimit } from '../../../core/routing/rate-limit.decorator';
import type { Parameter } from '../../../core/routing/operation';
import { Operation } from '../../../core/routing/route-policy';
import { History } from './history';
import {
  adminHistoryOf,
  type AdminHistory,
  adminHistorySchema,
  healthHistoryOf,
  type HealthHistory,
  healthHistorySchema,
} from './history-view';

const SINCE: Parameter = {
  name: 'since',
  in: 'query',
  description: 'Unix seconds: later samples alone.',
  schema: { type: 'string', pattern: '^[0-9]{1,11}$' },
};

/** The last hours of this process. What /api/health/tee tells anybody, anybody may have; how much is queued, spent and asked for needs the scope of administration. */
@Controller('api')
export class HistoryController {
  constructor(private readonly history: History) {}

  @Get('health/history')
  @RateLimit('api')
  @Operation({
    summary: 'The last hours of this process',
    description:
      'Every ten seconds, for at most six hours, in memory: what /api/health/tee says of each indicator, and how old the last verification of an enclave was. Each process has its own.',
    parameters: [SINCE],
    answers: {
      '200': {
        description: 'Lists with an entry for each sample.',
        content: { 'application/json': healthHistorySchema },
      },
    },
  })
  health(@Query('since') since: unknown): HealthHistory {
    return healthHistoryOf(this.history.since(readSince(since)), this.history.kept);
  }

  @Get('admin/history')
  @AdminScope()
  @RateLimit('api')
  @Operation({
    summary: 'Queue, budget and latency of the last hours',
    description:
      'Needs the scope of administration. As /api/health/history: of this process, in memory. Latencies are those of the ten seconds before each sample: of answers to POST /api/messages, of the enclave’s answers to relayed messages, of whole delivery attempts.',
    parameters: [SINCE],
    answers: {
      '200': {
        description: 'Lists with an entry for each sample.',
        content: { 'application/json': adminHistorySchema },
      },
    },
  })
  admin(@Query('since') since: unknown): AdminHistory {
    return adminHistoryOf(this.history.since(readSince(since)), this.history.kept);
  }
}

/** Unix seconds: samples of a later second alone, so that who asks again gets what is new. @returns milliseconds */
function readSince(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'string' && /^[0-9]{1,11}$/.test(value)) return Number(value) * 1000 + 999;
  throw new ProblemError('malformed_request', {
    detail: 'The parameter since must be a time in Unix seconds, such as 1767225600.',
  });
}
