-- Accepts a batch of messages and returns an outcome for each, in the same order:
--
--   accepted, resealed           stored with its idempotency key and job, and with a reservation if there is a price; accepted_at and
--                                next_attempt_at are set
--   duplicate                    the same bytes are stored already; costs nothing
--   idempotency_key_reused       the key was used with other bytes
--   message_id_taken             the id is another owner's, or was used with other bytes or another status hash
--   status_hash_taken            another message has the status hash
--   already_sent                 the nullifier is used already
--   user_daily_limit_reached     the owner's cap for the UTC day has no room for p_amount
--   daily_messages_reached       p_user_messages (0: no limit) messages of the owner were accepted this UTC day already
--   system_hourly_limit_reached  the system's cap for the UTC hour has no room for p_amount
--   threshold_reached            spent amounts leave no room for p_amount in the system's cap for the UTC day; the caller must raise the
--                                emergency stop, in a separate transaction
--   system_daily_limit_reached   spent and reserved amounts leave no room for p_amount in the system's cap for the UTC day; when messages
--                                end, they may make room
--   fair_share_reached           the owner's day would exceed a ninth of what is free in the system's hour or day
--   emergency_stop               an emergency stop is set
--   gone                         a message with this id was deleted during the call: the caller must call again
--
-- Without a price (p_amount = 0) the function reserves no money. It ignores the caps and the stop, and neither locks nor writes the
-- system's windows. The owner's messages of the day are still counted.
--
-- A message is resealed if it ended as key_retired and its sender sealed it again. It starts over under the same id, and does not count
-- as another message of the day.
--
-- The fair share (a dynamic threshold) keeps a few owners from filling the hour or the day. A single owner gets at most a tenth of a cap;
-- n owners together get at most n/(9 + n). The fair share does not limit an owner's first message of the day.
--
-- If a cap has room for only a part of the batch, the first messages get it. A refused message leaves no row. The caller's transaction
-- must be READ COMMITTED.
--
-- A message with a proof of residence claims its nullifier, which is kept until p_nullifiers_until. A message without an owner (p_owners:
-- NULL) has no idempotency key and no row in the ledger; its reserved amount is in its job. It counts in the system's hour and day, and
-- toward no user's limit.
--
-- Order of locks, here and in all other code: status hashes, messages by id, nullifiers, idempotency keys by owner and key, the stop's
-- lock, the users' days by owner, the hour, the day. The end of a message locks its job, the message, its nullifier, then the windows.
--
-- These parameters have one element per message: p_ids, p_owners, p_keys, p_explicit (whether the client chose the key), p_expires_at,
-- p_starts and p_lengths. The last two are the position (from 1) and the length of the message's bytes in p_sealed. No id, no pair of
-- owner and key, no nullifier and no status hash may occur twice.
--
-- p_sha256 (32 bytes per message) and p_key_ids (16 bytes per message) have the values of all messages, one after the other. p_nullifiers,
-- p_inputs (the public input `message`) and p_statuses (SHA-256 of the status secret) have 32 bytes or NULL per message. They are NULL if
-- no message of the batch has a proof. Amounts are micro-dollars.
CREATE OR REPLACE FUNCTION accept_messages(
  p_ids uuid[], p_owners text[], p_keys text[], p_explicit boolean[], p_expires_at timestamptz[],
  p_sha256 bytea, p_key_ids bytea, p_sealed bytea, p_starts int[], p_lengths int[],
  p_nullifiers bytea[], p_inputs bytea[], p_statuses bytea[], p_nullifiers_until timestamptz,
  p_now timestamptz, p_hour timestamptz, p_day timestamptz, p_amount bigint, p_price_version text,
  p_user_cap bigint, p_user_messages int, p_hour_cap bigint, p_day_cap bigint
) RETURNS TABLE (outcome text, accepted_at timestamptz, next_attempt_at timestamptz) LANGUAGE plpgsql
-- Without this setting, a session that cached a plan for a small table would later scan the whole large table.
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  v_count CONSTANT int := cardinality(p_ids);
  v_shares CONSTANT int := 9;
  v_due CONSTANT timestamptz := date_trunc('milliseconds', now());
  -- Outcomes that need a reservation. moved: resealed under the same idempotency key, which now names the new bytes.
  v_paying CONSTANT text[] := '{accepted,resealed,moved}';
  -- One element per message. Before the idempotency keys are claimed, an element may also be known: the same bytes under another key.
  v_outcomes text[] := array_fill('accepted'::text, ARRAY[v_count]);
  v_accepted_at timestamptz[] := array_fill(p_now, ARRAY[v_count]);
  v_inserted uuid[];
  v_nullifiers bytea[];
  v_claimed int;
  v_paid int := v_count;
  v_new int := v_count;
  v_fits boolean;
  v_wanted text[];
  v_users text[];
  v_user_used bigint[];
  v_user_messages int[];
  v_hour_used bigint;
  v_day_used bigint;
  v_day_spent bigint;
  v_user int;
  v_ids uuid[];
BEGIN
  -- Locks the status hashes in order. Messages are inserted by id, so two batches with the same two hashes could otherwise deadlock.
  IF p_statuses IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(706175, hash) FROM (
      SELECT DISTINCT ('x' || encode(substring(status FOR 4), 'hex'))::bit(32)::int AS hash
      FROM unnest(p_statuses) AS r (status) WHERE status IS NOT NULL ORDER BY hash) AS hashes;
  END IF;

  WITH inserted AS (
    INSERT INTO message (id, owner, status_sha256, sealed_sha256, key_id, accepted_at, expires_at)
    SELECT id, owner, status, substring(p_sha256 FROM n::int * 32 - 31 FOR 32), substring(p_key_ids FROM n::int * 16 - 15 FOR 16), p_now, expires_at
    FROM unnest(p_ids, p_owners, p_statuses, p_expires_at) WITH ORDINALITY AS r (id, owner, status, expires_at, n)
    ORDER BY id
    ON CONFLICT DO NOTHING RETURNING id)
  SELECT coalesce(array_agg(id), '{}') INTO v_inserted FROM inserted;

  IF cardinality(v_inserted) < v_count THEN
    -- Locks the ended messages that may start over, so that only one of several reseals of a message succeeds.
    PERFORM FROM message WHERE id = ANY (p_ids) AND id <> ALL (v_inserted) AND status = 'key_retired' ORDER BY id FOR UPDATE;
    SELECT array_agg(CASE
        WHEN r.id = ANY (v_inserted) THEN 'accepted'
        WHEN k.sealed_sha256 = r.sha256 THEN 'duplicate'
        WHEN k.key IS NOT NULL AND r.explicit THEN 'idempotency_key_reused'
        WHEN m.id IS NULL AND r.status IS NOT NULL AND EXISTS (SELECT FROM message WHERE status_sha256 = r.status) THEN 'status_hash_taken'
        WHEN m.id IS NULL THEN 'gone'
        -- The same message with a proof, posted again with or without a token.
        WHEN m.sealed_sha256 = r.sha256 AND m.status_sha256 = r.status AND (r.owner IS NULL OR m.owner IS DISTINCT FROM r.owner) THEN 'duplicate'
        WHEN m.owner IS DISTINCT FROM r.owner OR m.status_sha256 IS DISTINCT FROM r.status THEN 'message_id_taken'
        WHEN m.sealed_sha256 = r.sha256 THEN 'known'
        WHEN m.status <> 'key_retired' THEN 'message_id_taken'
        WHEN k.message_id = r.id THEN 'moved'
        ELSE 'resealed' END ORDER BY n),
      array_agg(coalesce(m.accepted_at, p_now) ORDER BY n)
      INTO v_outcomes, v_accepted_at
    FROM (
      SELECT id, owner::bpchar AS owner, key, explicit, status, substring(p_sha256 FROM n::int * 32 - 31 FOR 32) AS sha256, n
      FROM unnest(p_ids, p_owners, p_keys, p_explicit, p_statuses) WITH ORDINALITY AS r (id, owner, key, explicit, status, n)) AS r
    LEFT JOIN LATERAL (SELECT * FROM message WHERE message.id = r.id LIMIT 1) AS m ON true
    LEFT JOIN LATERAL (SELECT * FROM idempotency_key WHERE idempotency_key.owner = r.owner AND idempotency_key.key = r.key LIMIT 1) AS k ON true;
  END IF;

  IF p_nullifiers IS NOT NULL THEN
    WITH claimed AS (
      INSERT INTO nullifier (nullifier, keep_until, message_input, message_id)
      SELECT nullifier, p_nullifiers_until, input, id
      FROM unnest(p_ids, p_nullifiers, p_inputs, v_outcomes) AS r (id, nullifier, input, outcome)
      WHERE nullifier IS NOT NULL AND r.outcome = ANY (v_paying)
      ORDER BY nullifier
      ON CONFLICT DO NOTHING RETURNING nullifier)
    SELECT coalesce(array_agg(nullifier), '{}') INTO v_nullifiers FROM claimed;
    SELECT array_agg(CASE
        WHEN nullifier IS NOT NULL AND r.outcome = ANY (v_paying) AND nullifier <> ALL (v_nullifiers) THEN 'already_sent'
        ELSE r.outcome END ORDER BY n)
      INTO v_outcomes FROM unnest(p_nullifiers, v_outcomes) WITH ORDINALITY AS r (nullifier, outcome, n);
  END IF;

  INSERT INTO idempotency_key (owner, key, message_id, sealed_sha256, created_at)
  SELECT owner, key, id, substring(p_sha256 FROM n::int * 32 - 31 FOR 32), p_now
  FROM unnest(p_ids, p_owners, p_keys, v_outcomes) WITH ORDINALITY AS r (id, owner, key, outcome, n)
  WHERE owner IS NOT NULL AND r.outcome IN ('accepted', 'known', 'resealed')
  ORDER BY owner, key
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS v_claimed = ROW_COUNT;

  IF p_nullifiers IS NOT NULL OR least(v_claimed, cardinality(v_inserted)) < v_count THEN
    SELECT array_agg(CASE
        -- It does not matter which transaction claimed the key, as long as the key names these bytes.
        WHEN r.owner IS NOT NULL AND r.outcome IN ('accepted', 'known', 'resealed') AND NOT EXISTS (
          SELECT FROM idempotency_key WHERE idempotency_key.owner = r.owner::bpchar AND idempotency_key.key = r.key
            AND sealed_sha256 = substring(p_sha256 FROM n::int * 32 - 31 FOR 32)) THEN 'idempotency_key_reused'
        WHEN r.outcome = 'known' THEN 'duplicate'
        ELSE r.outcome END ORDER BY n)
      INTO v_outcomes
    FROM unnest(p_owners, p_keys, v_outcomes) WITH ORDINALITY AS r (owner, key, outcome, n);
    SELECT count(*) FILTER (WHERE r.outcome = ANY (v_paying)), count(*) FILTER (WHERE r.outcome = 'accepted')
      INTO v_paid, v_new FROM unnest(v_outcomes) AS r (outcome);
  END IF;

  v_wanted := v_outcomes;
  IF v_paid = 0 THEN
    NULL;
  ELSIF p_amount <> 0 AND spending_stopped() THEN
    SELECT array_agg(CASE WHEN r.outcome = ANY (v_paying) THEN 'emergency_stop' ELSE r.outcome END ORDER BY n)
      INTO v_outcomes FROM unnest(v_outcomes) WITH ORDINALITY AS r (outcome, n);
  ELSE
    -- Adds the amounts of the whole batch, which creates or locks all its windows, in order. Without a price only the owners' days are
    -- needed.
    WITH added AS (
      INSERT INTO budget_window AS w (scope, subject, starts_at, reserved_micro_usd, messages)
      SELECT scope, subject, starts_at, paid * p_amount, new FROM (
        SELECT 'user_day'::"BudgetScope", owner, p_day, count(*), count(*) FILTER (WHERE r.outcome = 'accepted')
          FROM unnest(p_owners, v_outcomes) AS r (owner, outcome) WHERE owner IS NOT NULL AND r.outcome = ANY (v_paying) GROUP BY owner
        UNION ALL VALUES ('system_hour'::"BudgetScope", '', p_hour, v_paid, v_new), ('system_day', '', p_day, v_paid, v_new)
      ) AS b (scope, subject, starts_at, paid, new)
      WHERE p_amount <> 0 OR (scope = 'user_day' AND new > 0)
      ORDER BY scope, subject
      ON CONFLICT (scope, subject, starts_at) DO UPDATE
        SET reserved_micro_usd = w.reserved_micro_usd + EXCLUDED.reserved_micro_usd, messages = w.messages + EXCLUDED.messages
      RETURNING scope, reserved_micro_usd + spent_micro_usd AS used, messages)
    SELECT bool_and(CASE scope
        WHEN 'user_day' THEN (p_amount = 0 OR used <= p_user_cap) AND (p_user_messages = 0 OR messages <= p_user_messages)
        WHEN 'system_hour' THEN used <= p_hour_cap
        ELSE used <= p_day_cap END)
      -- If the owner with the largest amount is within the fair share, all owners are.
      AND (p_amount = 0 OR coalesce(max(used) FILTER (WHERE scope = 'user_day'), 0) * v_shares
        <= min(CASE scope WHEN 'system_hour' THEN p_hour_cap - used WHEN 'system_day' THEN p_day_cap - used END))
      INTO v_fits FROM added;

    -- v_fits is null if no window was written.
    IF NOT coalesce(v_fits, true) THEN
      -- The amounts in each window without this batch.
      SELECT array_agg(b.owner), array_agg(reserved_micro_usd + spent_micro_usd - b.paid * p_amount), array_agg(messages - b.new)
        INTO v_users, v_user_used, v_user_messages
      FROM (
        SELECT owner, count(*) AS paid, count(*) FILTER (WHERE r.outcome = 'accepted') AS new
        FROM unnest(p_owners, v_outcomes) AS r (owner, outcome) WHERE owner IS NOT NULL AND r.outcome = ANY (v_paying) GROUP BY owner) AS b
      JOIN LATERAL (SELECT * FROM budget_window WHERE scope = 'user_day' AND subject = b.owner AND starts_at = p_day LIMIT 1) AS w ON true;
      SELECT reserved_micro_usd + spent_micro_usd - v_paid * p_amount INTO v_hour_used
        FROM budget_window WHERE scope = 'system_hour' AND subject = '' AND starts_at = p_hour;
      SELECT reserved_micro_usd + spent_micro_usd - v_paid * p_amount, spent_micro_usd INTO v_day_used, v_day_spent
        FROM budget_window WHERE scope = 'system_day' AND subject = '' AND starts_at = p_day;

      FOR i IN 1 .. v_count LOOP
        CONTINUE WHEN v_wanted[i] <> ALL (v_paying);
        -- v_user is null for a message without an owner, and for a resealed one without a price. Each comparison with a user's limit is
        -- then null and refuses nothing.
        v_user := array_position(v_users, p_owners[i]);
        v_new := (v_wanted[i] = 'accepted')::int;
        IF p_amount <> 0 AND v_user_used[v_user] + p_amount > p_user_cap THEN
          v_outcomes[i] := 'user_daily_limit_reached';
        ELSIF p_user_messages > 0 AND v_new = 1 AND v_user_messages[v_user] >= p_user_messages THEN
          v_outcomes[i] := 'daily_messages_reached';
        ELSIF p_amount = 0 THEN
          IF v_user IS NOT NULL THEN v_user_messages[v_user] := v_user_messages[v_user] + v_new; END IF;
        ELSIF v_hour_used + p_amount > p_hour_cap THEN
          v_outcomes[i] := 'system_hourly_limit_reached';
        ELSIF v_day_spent + p_amount > p_day_cap THEN
          v_outcomes[i] := 'threshold_reached';
        ELSIF v_day_used + p_amount > p_day_cap THEN
          v_outcomes[i] := 'system_daily_limit_reached';
        ELSIF v_user_used[v_user] > 0
            AND (v_user_used[v_user] + p_amount) * v_shares > least(p_hour_cap - v_hour_used, p_day_cap - v_day_used) THEN
          v_outcomes[i] := 'fair_share_reached';
        ELSE
          IF v_user IS NOT NULL THEN
            v_user_used[v_user] := v_user_used[v_user] + p_amount;
            v_user_messages[v_user] := v_user_messages[v_user] + v_new;
          END IF;
          v_hour_used := v_hour_used + p_amount;
          v_day_used := v_day_used + p_amount;
        END IF;
      END LOOP;

      WITH refused AS (
        SELECT owner, count(*) AS paid, count(*) FILTER (WHERE wanted = 'accepted') AS new
        FROM unnest(p_owners, v_wanted, v_outcomes) AS r (owner, wanted, outcome) WHERE wanted <> r.outcome GROUP BY owner)
      INSERT INTO budget_window AS w (scope, subject, starts_at, reserved_micro_usd, messages)
      SELECT 'user_day'::"BudgetScope", owner, p_day, paid * p_amount, new FROM refused WHERE owner IS NOT NULL
      UNION ALL SELECT 'system_hour', '', p_hour, sum(paid)::bigint * p_amount, sum(new)::int FROM refused HAVING count(*) > 0 AND p_amount <> 0
      UNION ALL SELECT 'system_day', '', p_day, sum(paid)::bigint * p_amount, sum(new)::int FROM refused HAVING count(*) > 0 AND p_amount <> 0
      ON CONFLICT (scope, subject, starts_at) DO UPDATE
        SET reserved_micro_usd = w.reserved_micro_usd - EXCLUDED.reserved_micro_usd, messages = w.messages - EXCLUDED.messages;
      DELETE FROM budget_window
      WHERE ((scope = 'user_day' AND subject = ANY (v_users) AND starts_at = p_day)
          OR (scope = 'system_hour' AND subject = '' AND starts_at = p_hour) OR (scope = 'system_day' AND subject = '' AND starts_at = p_day))
        AND reserved_micro_usd = 0 AND spent_micro_usd = 0 AND messages = 0;
    END IF;
  END IF;

  IF 'accepted' <> ANY (v_outcomes) THEN
    -- Deletes the rows that refused messages wrote. Deleting a new message also deletes its idempotency key.
    SELECT array_agg(id) INTO v_ids FROM unnest(p_ids, v_outcomes) AS r (id, outcome) WHERE id = ANY (v_inserted) AND r.outcome <> 'accepted';
    DELETE FROM message WHERE id = ANY (v_ids);
    DELETE FROM nullifier USING unnest(p_nullifiers, v_outcomes) AS r (claimed, outcome)
    WHERE nullifier = ANY (v_nullifiers) AND nullifier = r.claimed AND r.outcome <> ALL (v_paying);
    DELETE FROM idempotency_key AS k USING unnest(p_ids, p_owners, p_keys, v_wanted, v_outcomes) AS r (id, owner, key, wanted, outcome)
    WHERE k.message_id = ANY (p_ids) AND k.message_id = r.id AND k.owner = r.owner::bpchar AND k.key = r.key
      AND wanted = 'resealed' AND r.outcome <> 'resealed';

    SELECT array_agg(id) INTO v_ids FROM unnest(p_ids, v_outcomes) AS r (id, outcome) WHERE r.outcome IN ('resealed', 'moved');
    UPDATE message AS m
    SET status = 'queued', sealed_sha256 = substring(p_sha256 FROM n::int * 32 - 31 FOR 32), key_id = substring(p_key_ids FROM n::int * 16 - 15 FOR 16),
      expires_at = r.expires_at, reason = NULL, ended_at = NULL, attempts = 0, receipt = NULL, attestation_document = NULL, sealed_answer = NULL
    FROM unnest(p_ids, p_expires_at) WITH ORDINALITY AS r (id, expires_at, n) WHERE m.id = ANY (v_ids) AND m.id = r.id;
    DELETE FROM delivery_job WHERE message_id = ANY (v_ids);
    UPDATE idempotency_key AS k SET sealed_sha256 = substring(p_sha256 FROM n::int * 32 - 31 FOR 32)
    FROM unnest(p_ids, p_keys, v_outcomes) WITH ORDINALITY AS r (id, key, outcome, n)
    WHERE k.message_id = ANY (v_ids) AND k.message_id = r.id AND k.key = r.key AND r.outcome = 'moved';
    v_outcomes := array_replace(v_outcomes, 'moved', 'resealed');
  END IF;

  -- The first attempt may start at once by the database's clock, which the queue uses; the gateway's clock may be ahead.
  INSERT INTO delivery_job (message_id, sealed, key_id, expires_at, next_attempt_at, reserved_micro_usd, reserved_at)
  SELECT id, substring(p_sealed FROM start FOR length), substring(p_key_ids FROM n::int * 16 - 15 FOR 16), expires_at, v_due,
    CASE WHEN owner IS NULL AND p_amount <> 0 THEN p_amount END, CASE WHEN owner IS NULL AND p_amount <> 0 THEN p_now END
  FROM unnest(p_ids, p_owners, p_expires_at, p_starts, p_lengths, v_outcomes) WITH ORDINALITY AS r (id, owner, expires_at, start, length, outcome, n)
  WHERE r.outcome IN ('accepted', 'resealed');

  INSERT INTO reservation (id, message_id, owner, reserved_micro_usd, reserved_at, price_version)
  SELECT gen_random_uuid(), id, owner, p_amount, p_now, p_price_version
  FROM unnest(p_ids, p_owners, v_outcomes) AS r (id, owner, outcome) WHERE owner IS NOT NULL AND p_amount <> 0 AND r.outcome IN ('accepted', 'resealed');

  RETURN QUERY
  SELECT r.outcome, CASE WHEN r.outcome IN ('accepted', 'resealed') THEN r.accepted_at END, CASE WHEN r.outcome IN ('accepted', 'resealed') THEN v_due END
  FROM unnest(v_outcomes, v_accepted_at) WITH ORDINALITY AS r (outcome, accepted_at, n) ORDER BY n;
END $$;
