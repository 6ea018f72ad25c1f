import { Controller, Get, Query } from '@nestjs/common';
import { AdminScope } from '../../../features/auth/admin-scope';
import { ProblemError } from '../../../core/problems/problem-error';
import { RateLimit } from '../../../core/routing/rate-limit.decorator';
import { History } from './history';
import { adminHistoryOf, type AdminHistory, healthHistoryOf, type HealthHistory } from './history-view';

/** The last hours of this process. What /api/health/tee tells anybody, anybody may have; how much is queued, spent and asked for needs the scope of administration. */
@Controller('api')
export class HistoryController {
  constructor(private readonly history: History) {}

  @Get('health/history')
  @RateLimit('api')
  health(@Query('since') since: unknown): HealthHistory {
    return healthHistoryOf(this.history.since(readSince(since)), this.history.kept);
  }

  @Get('admin/history')
  @AdminScope()
  @RateLimit('api')
  admin(@Query('since') since: unknown): AdminHistory {
    return adminHistoryOf(this.history.since(readSince(since)), this.history.kept);
  }
}

/** Unix seconds: samples of a later second alone, so that who asks again gets what is new. @returns milliseconds */
function readSince(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'string' && /^[0-9]{1,11}$/.test(value)) return Number(value) * 1000 + 999;
  throw new ProblemError('malformed_body', { detail: 'since is a time in Unix seconds.' });
}
