import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AuthModule } from '../../features/auth/auth.module';
import { LimitsModule } from '../../features/limits/limits.module';
import { HttpMetrics } from './http-metrics';
import { ProblemFilter } from './problem.filter';

/**
 * HTTP metrics, and the filter that turns errors into problem documents. The imports are for configure-server.ts, which gets their
 * providers from the app.
 */
@Module({
  imports: [AuthModule, LimitsModule],
  providers: [HttpMetrics, { provide: APP_FILTER, useClass: ProblemFilter }],
})
export class HttpModule {}
