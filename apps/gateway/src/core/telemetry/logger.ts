import { Inject, Injectable } from '@nestjs/common';
import { pino } from 'pino';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';
import { allowedFields, type LogFields } from './log-fields';
import { currentRequestId } from './request-context';

/** Nest token of the log's destination: standard output, or an array in a test. */
export const LOG_DESTINATION = 'LOG_DESTINATION';
export interface LogDestination {
  write(line: string): void;
}

/**
 * Writes JSON lines to standard output. The event is a fixed text: `logger.info({ messageId, durationMs }, 'message accepted')`. The logger
 * writes only the fields that log-fields.ts allows, and adds the id of the current request.
 */
@Injectable()
export class Logger {
  private readonly pino;
  private listener: ((fields: LogFields, event: string) => void) | undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) config: Pick<GatewayConfig, 'log'>,
    @Inject(LOG_DESTINATION) destination: LogDestination,
  ) {
    this.pino = pino(
      {
        level: config.log.level,
        base: { app: 'gateway' },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (level) => ({ level }) },
      },
      destination,
    );
  }

  debug(fields: LogFields, event: string): void {
    this.pino.debug(prepared(fields), event);
  }

  info(fields: LogFields, event: string): void {
    this.pino.info(prepared(fields), event);
  }

  warn(fields: LogFields, event: string): void {
    this.pino.warn(prepared(fields), event);
  }

  error(fields: LogFields, event: string): void {
    this.pino.error(prepared(fields), event);
    try {
      this.listener?.(fields, event);
    } catch {
      // An error in the listener must not reach the code that logs.
    }
  }

  /** Sets the one listener. It gets every line at level error with all its fields, even if `LOG_LEVEL` hides the line. */
  onError(listener: (fields: LogFields, event: string) => void): void {
    this.listener = listener;
  }
}

function prepared(fields: LogFields): Record<string, unknown> {
  const requestId = currentRequestId();
  return { ...(requestId === undefined ? {} : { requestId }), ...allowedFields(fields) };
}
