import { Global, Module } from '@nestjs/common';
import { pino } from 'pino';
import { LOG_DESTINATION, Logger } from './logger';

@Global()
@Module({
  // Written at once: a line must not be lost with the process it explains.
  providers: [Logger, { provide: LOG_DESTINATION, useFactory: () => pino.destination({ dest: 1, sync: true }) }],
  exports: [Logger],
})
export class ObservabilityModule {}
