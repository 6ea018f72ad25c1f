import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger';

/** Writes Nest's own log lines. Their texts may quote any input, so only the level, the context and the error are kept. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(_message: unknown, ...more: unknown[]): void {
    this.logger.debug(where(more), 'framework');
  }

  warn(_message: unknown, ...more: unknown[]): void {
    this.logger.warn(where(more), 'framework warning');
  }

  error(message: unknown, ...more: unknown[]): void {
    this.logger.error({ ...where(more), err: message }, 'framework error');
  }

  fatal(message: unknown, ...more: unknown[]): void {
    this.error(message, ...more);
  }
}

function where(more: readonly unknown[]): { component?: string } {
  const context = more.at(-1);
  return typeof context === 'string' ? { component: context } : {};
}
