import { Global, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { HttpMetrics } from './http-metrics';
import { ProblemFilter } from './problem.filter';
import { RegisteredRoutes } from '../../core/routing/registered-routes';
import { ShutdownState } from '../../core/lifecycle/shutdown-state';

@Global()
@Module({
  providers: [HttpMetrics, RegisteredRoutes, ShutdownState, { provide: APP_FILTER, useClass: ProblemFilter }],
  exports: [RegisteredRoutes, ShutdownState],
})
export class HttpModule {}
