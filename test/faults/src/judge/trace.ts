import type { Crash } from '@communique-tee/test-system';
import type { TraceEvent } from '@communique-tee/test-model';
import { connected } from './record';

/**
 * These triggers record each step of a message's job in the step's own transaction, so a gateway cannot leave a step out. They run after
 * the whole statement, so they read the message's new state.
 */
const TRIGGERS = `
  CREATE TABLE fault_trace (
    n bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), event text NOT NULL, message_id uuid NOT NULL, lease text,
    asked boolean, dispatched boolean, relayed boolean, status text, reason text);
  CREATE FUNCTION fault_trace_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
      INSERT INTO fault_trace (event, message_id) VALUES ('accept', NEW.message_id);
    ELSIF TG_OP = 'DELETE' THEN
      INSERT INTO fault_trace (event, message_id, lease, status, reason)
        SELECT 'end', id, OLD.lease_owner, status, reason FROM message WHERE id = OLD.message_id;
    ELSIF NEW.lease_owner IS NULL THEN
      INSERT INTO fault_trace (event, message_id, lease, asked, dispatched, relayed, reason)
        SELECT 'again', id, OLD.lease_owner, NEW.next_attempt_at = OLD.next_attempt_at, NEW.dispatched_at IS NOT NULL, NEW.relayed, reason
        FROM message WHERE id = OLD.message_id;
    ELSIF NEW.lease_owner IS DISTINCT FROM OLD.lease_owner THEN
      INSERT INTO fault_trace (event, message_id, lease, asked)
        VALUES ('lease', NEW.message_id, NEW.lease_owner, OLD.lease_owner IS NULL OR OLD.lease_until <= now());
    ELSE
      INSERT INTO fault_trace (event, message_id, lease, asked, dispatched, relayed)
        VALUES ('dispatch', NEW.message_id, NEW.lease_owner, OLD.lease_until > now(), NEW.dispatched_at IS NOT NULL, NEW.relayed);
    END IF;
    RETURN NULL; END $$;
  CREATE TRIGGER fault_trace_jobs AFTER INSERT OR UPDATE OR DELETE ON delivery_job FOR EACH ROW EXECUTE FUNCTION fault_trace_job();
  CREATE FUNCTION fault_trace_nullifier() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO fault_trace (event, message_id, asked) VALUES ('nullifier', OLD.message_id, TG_OP = 'DELETE');
    RETURN NULL; END $$;
  CREATE TRIGGER fault_trace_nullifiers AFTER UPDATE OR DELETE ON nullifier
    FOR EACH ROW WHEN (OLD.message_id IS NOT NULL) EXECUTE FUNCTION fault_trace_nullifier();`;

export async function watchSteps(databaseUrl: string): Promise<void> {
  await connected(databaseUrl, (client) => client.query(TRIGGERS));
}

interface TraceRow {
  readonly at: Date;
  readonly event: 'accept' | 'lease' | 'dispatch' | 'again' | 'end' | 'nullifier';
  readonly message: string;
  readonly lease: string | null;
  /** Becomes `free` of a lease, `inTime` of a dispatch, `released` of `again`, and `freed` of a nullifier. */
  readonly asked: boolean | null;
  readonly dispatched: boolean | null;
  readonly relayed: boolean | null;
  readonly status: string | null;
  readonly reason: string | null;
}

export interface SeenCopy {
  readonly message: string;
  readonly office: string;
  /** When Congress accepted the copy, in Unix milliseconds. */
  readonly atMs: number;
}

/** Returns the recorded steps, the copies and the crashes, in the order of this machine's clock. */
export async function readTrace(
  databaseUrl: string,
  copies: readonly SeenCopy[],
  crashes: readonly Crash[],
): Promise<TraceEvent[]> {
  const rows = await connected(databaseUrl, async (client) => {
    const { rows } = await client.query<TraceRow>(
      `SELECT date_trunc('milliseconds', at) AS at, event, message_id::text AS message, lease, asked, dispatched, relayed, status, reason FROM fault_trace ORDER BY n`,
    );
    return rows;
  });
  const events = [
    ...rows.map(eventOf),
    ...copies.map(({ message, office, atMs }): TraceEvent => ({ at: atMs, event: 'copy', message, office })),
    ...crashes.map(({ process, atMs }): TraceEvent => ({ at: atMs, event: 'crash', process })),
  ];
  // The sort is stable, so within a millisecond a cause stays before its effect: a dispatch before its copy.
  return events.sort((a, b) => a.at - b.at);
}

function eventOf({
  at: date,
  event,
  message,
  lease,
  asked,
  dispatched,
  relayed,
  status,
  reason,
}: TraceRow): TraceEvent {
  const [at, yes] = [date.getTime(), asked === true];
  const after = { at, message, lease, dispatched: dispatched === true, relayed: relayed === true };
  switch (event) {
    case 'accept':
      return { at, event, message };
    case 'lease':
      return { at, event, message, lease: lease ?? '', free: yes };
    case 'dispatch':
      return { ...after, event, inTime: yes };
    case 'again':
      return { ...after, event, released: yes, reason };
    case 'end':
      return { at, event, message, lease, status: status ?? '', reason };
    case 'nullifier':
      return { at, event, message, freed: yes };
  }
}
