-- After an emergency stop is committed, no transaction commits a reservation. For this, a query of the table is not enough: under READ
-- COMMITTED, a statement that began before the stop and then waited for a locked row still sees no stop.
--
-- A transaction that reserves takes the advisory lock shared, then looks for the stop, and keeps the lock until the transaction ends. A
-- transaction that raises a stop (the gateway's, or an operator's INSERT) takes the lock exclusively, so it waits for the transactions that
-- reserve, and new ones wait for it. It holds no other lock that a reserving transaction needs.

-- Returns whether a stop is set and not cleared. The answer stays valid until the caller's transaction ends.
CREATE OR REPLACE FUNCTION spending_stopped() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(706174, 1);
  -- A separate statement, so that its snapshot is taken after the lock.
  RETURN EXISTS (SELECT FROM emergency_stop WHERE cleared_at IS NULL);
END $$;

CREATE OR REPLACE FUNCTION wait_for_spending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- If a stop is set already, no transaction is reserving.
  IF NOT EXISTS (SELECT FROM emergency_stop WHERE cleared_at IS NULL) THEN PERFORM pg_advisory_xact_lock(706174, 1); END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER emergency_stop_at_once BEFORE INSERT ON emergency_stop FOR EACH ROW EXECUTE FUNCTION wait_for_spending();
