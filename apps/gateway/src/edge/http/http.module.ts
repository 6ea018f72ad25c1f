import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AuthModule } from '../../features/auth/auth.module';
import { LimitsModule } from '../../features/limits/limits.module';
import { HttpMetrics } from './http-metrics';
import { ProblemFilter } from './problem.filter';

/**
 * The hooks that run before every route (configure-server.ts), and the filter that turns errors into problem
 * documents.
 */
@Module({
  imports: [AuthModule, LimitsModule],
  providers: [HttpMetrics, { provide: APP_FILTER, useClass: ProblemFilter }],
})
export class HttpModule {}
