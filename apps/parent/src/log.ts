/** The log of the parent's programs: one JSON line per event, with fields from this list. No relayed byte is logged. */
export interface LogFields {
  address?: string;
  destination?: string;
  code?: string;
  reason?: string;
  count?: number;
  bytes?: number;
  durationMs?: number;
}

export interface Log {
  write(level: 'info' | 'warn' | 'error', event: string, fields?: LogFields): void;
}

export function createLog(program: string, sink: (line: string) => void): Log {
  return {
    write(level, event, fields = {}) {
      sink(`${JSON.stringify({ time: new Date().toISOString(), level, source: program, event, ...fields })}\n`);
    },
  };
}
