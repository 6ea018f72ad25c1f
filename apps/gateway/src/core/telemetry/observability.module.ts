import { Global, Module } from '@nestjs/common';
import { ErrorReports } from './errors/error-reports';
import { openLogDestination } from './log-destination';
import { LOG_DESTINATION, Logger } from './logger';
import { Metrics } from './metrics';

@Global()
@Module({
  providers: [Logger, Metrics, ErrorReports, { provide: LOG_DESTINATION, useFactory: () => openLogDestination(1) }],
  exports: [Logger, Metrics],
})
export class ObservabilityModule {}
