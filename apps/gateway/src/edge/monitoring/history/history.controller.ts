import { Controller, Get, Query } from '@nestjs/common';
import { ADMINISTRATION } from '../../../features/admin/admin.controller';
import { HEALTH } from '../../health/health.controller';
import { AdminScope } from '../../../features/auth/admin-scope';
import { ProblemError } from '../../../core/problems/problem-error';
import { RateLimit } from '../../../core/routing/rate-limit.decorator';
import type { Parameter } from '../../../core/routing/operation';
import { Operation } from '../../../core/routing/route-policy';
import { History } from './history';
import {
  ADMIN_HISTORY_EXAMPLE,
  HEALTH_HISTORY_EXAMPLE,
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
  description: 'A time in Unix seconds. The answer has only later samples.',
  schema: { type: 'string', pattern: '^[0-9]{1,11}$' },
  example: '1767225600',
};

/** Samples of this process. Those of health are public, as in /api/health/tee; those of queue, budget and requests need the admin scope. */
@Controller('api')
export class HistoryController {
  constructor(private readonly history: History) {}

  @Get('health/history')
  @RateLimit('api')
  @Operation({
    id: 'getHealthHistory',
    tag: HEALTH,
    summary: 'Get the health of the last hours',
    description:
      'A sample every ten seconds, for at most six hours. A sample has the status of each indicator of `getTeeHealth` except `agents`, and the time since an enclave was last verified. Each process keeps its own samples in memory.',
    parameters: [SINCE],
    answers: {
      '200': {
        description: 'Lists with an entry for each sample.',
        content: { 'application/json': { schema: healthHistorySchema, examples: { samples: HEALTH_HISTORY_EXAMPLE } } },
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
    id: 'getAdminHistory',
    tag: ADMINISTRATION,
    summary: 'Get queue, budget and latency of the last hours',
    description:
      'A sample every ten seconds, for at most six hours. Each process keeps its own samples in memory. `accept`: answers to `submitMessage`. `relay`: answers of the enclave to relayed messages. `delivery`: whole delivery attempts.',
    parameters: [SINCE],
    answers: {
      '200': {
        description: 'Lists with an entry for each sample.',
        content: { 'application/json': { schema: adminHistorySchema, examples: { samples: ADMIN_HISTORY_EXAMPLE } } },
      },
    },
  })
  admin(@Query('since') since: unknown): AdminHistory {
    return adminHistoryOf(this.history.since(readSince(since)), this.history.kept);
  }
}

/**
 * Reads `since`, in Unix seconds. The result is the end of that second, so that samples of the same second are not sent twice.
 * @returns milliseconds
 */
function readSince(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'string' && /^[0-9]{1,11}$/.test(value)) return Number(value) * 1000 + 999;
  throw new ProblemError('malformed_request', {
    detail: 'The parameter since must be a time in Unix seconds, such as 1767225600.',
  });
}
