import { Global, Module } from '@nestjs/common';
import { openLogDestination } from './log-destination';
import { LOG_DESTINATION, Logger } from './logger';

@Global()
@Module({
  providers: [Logger, { provide: LOG_DESTINATION, useFactory: () => openLogDestination(1) }],
  exports: [Logger],
})
export class ObservabilityModule {}
