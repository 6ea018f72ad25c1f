/**
 * The enclave's log: one JSON line per event, on standard output. An event has a fixed name and fields from this list
 * (codes, counts, durations, public ids) and no free text, so that no part of a message can get into it.
 */
export interface LogFields {
  code?: string;
  step?: string;
  outcome?: string;
  chamber?: string;
  count?: number;
  durationMs?: number;
  driftMs?: number;
  bytes?: number;
  statusCode?: number;
  messageId?: string;
  keyId?: string;
  enclaveId?: string;
  address?: string;
  stack?: string;
  custody?: string;
  pcr0?: string;
}

export type LogLevel = 'info' | 'warn' | 'error';

export interface Log {
  write(level: LogLevel, event: string, fields?: LogFields): void;
}

export function createLog(sink: (line: string) => void = (line) => process.stdout.write(line)): Log {
  return {
    write(level, event, fields = {}) {
      sink(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
    },
  };
}
