-- Groups are accepted without looking into the table of messages: what it asked there (whose message, which are left out) is in p_rows.
-- A session keeps the plans of a function's statements; one made while the table was empty read all of it by each call afterwards.
-- Statements, guarantees and the order of locks (messages, keys, the stop's lock, users, hour, day) are as they were.
CREATE OR REPLACE FUNCTION accept_messages(
  p_rows jsonb, p_sealed bytea, p_now timestamptz, p_hour timestamptz, p_day timestamptz,
  p_amount bigint, p_price_version text, p_user_cap bigint, p_hour_cap bigint, p_day_cap bigint
) RETURNS TABLE (accepted uuid, next_attempt_at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  v_ids uuid[];
  v_keyed uuid[];
  v_owners text[];
  v_total bigint;
  v_left uuid[];
  v_due timestamptz := date_trunc('milliseconds', now());
BEGIN
  IF EXISTS (SELECT FROM emergency_stop WHERE cleared_at IS NULL) THEN RETURN; END IF;

  WITH inserted AS (
    INSERT INTO message (id, owner, sealed_sha256, key_id, accepted_at, expires_at)
    SELECT id, owner, decode(sha256, 'hex'), decode(key_id, 'hex'), p_now, expires_at
    FROM jsonb_to_recordset(p_rows) AS r (id uuid, owner text, sha256 text, key_id text, expires_at timestamptz)
    ORDER BY id
    ON CONFLICT DO NOTHING RETURNING id)
  SELECT coalesce(array_agg(id), '{}') INTO v_ids FROM inserted;

  WITH inserted AS (
    INSERT INTO idempotency_key (owner, key, message_id, sealed_sha256, created_at)
    SELECT owner, key, id, decode(sha256, 'hex'), p_now
    FROM jsonb_to_recordset(p_rows) AS r (id uuid, owner text, key text, sha256 text)
    WHERE id = ANY (v_ids)
    ORDER BY owner, key
    ON CONFLICT DO NOTHING RETURNING message_id)
  SELECT coalesce(array_agg(message_id), '{}') INTO v_keyed FROM inserted;

  IF spending_stopped() THEN RAISE EXCEPTION 'spending is stopped' USING ERRCODE = 'CT001'; END IF;

  WITH wanted AS (
    SELECT owner, count(*) * p_amount AS amount FROM jsonb_to_recordset(p_rows) AS r (id uuid, owner text)
    WHERE id = ANY (v_keyed) GROUP BY owner),
  reserved AS (
    INSERT INTO budget_window AS w (scope, subject, starts_at, reserved_micro_usd)
    SELECT 'user_day', owner, p_day, amount FROM wanted WHERE amount <= p_user_cap ORDER BY owner
    ON CONFLICT (scope, subject, starts_at) DO UPDATE SET reserved_micro_usd = w.reserved_micro_usd + EXCLUDED.reserved_micro_usd
    WHERE w.reserved_micro_usd + w.spent_micro_usd + EXCLUDED.reserved_micro_usd <= p_user_cap
    RETURNING subject)
  SELECT coalesce(array_agg(subject), '{}') INTO v_owners FROM reserved;

  SELECT coalesce(array_agg(id) FILTER (WHERE id = ANY (v_keyed) AND owner = ANY (v_owners)), '{}'),
         coalesce(array_agg(id) FILTER (WHERE NOT (id = ANY (v_keyed) AND owner = ANY (v_owners))), '{}')
    INTO v_keyed, v_left
    FROM jsonb_to_recordset(p_rows) AS r (id uuid, owner text) WHERE id = ANY (v_ids);
  -- Keys go with their messages. Planned when it is needed, for the table as it is then.
  IF cardinality(v_left) > 0 THEN EXECUTE 'DELETE FROM message WHERE id = ANY ($1)' USING v_left; END IF;
  v_total := cardinality(v_keyed) * p_amount;
  IF cardinality(v_keyed) = 0 THEN RETURN; END IF;

  INSERT INTO budget_window AS w (scope, subject, starts_at, reserved_micro_usd)
  SELECT 'system_hour', '', p_hour, v_total WHERE v_total <= p_hour_cap
  ON CONFLICT (scope, subject, starts_at) DO UPDATE SET reserved_micro_usd = w.reserved_micro_usd + EXCLUDED.reserved_micro_usd
  WHERE w.reserved_micro_usd + w.spent_micro_usd + EXCLUDED.reserved_micro_usd <= p_hour_cap;
  IF NOT FOUND THEN RAISE EXCEPTION 'the hour cannot take the whole group' USING ERRCODE = 'CT001'; END IF;

  INSERT INTO budget_window AS w (scope, subject, starts_at, reserved_micro_usd)
  SELECT 'system_day', '', p_day, v_total WHERE v_total <= p_day_cap
  ON CONFLICT (scope, subject, starts_at) DO UPDATE SET reserved_micro_usd = w.reserved_micro_usd + EXCLUDED.reserved_micro_usd
  WHERE w.reserved_micro_usd + w.spent_micro_usd + EXCLUDED.reserved_micro_usd <= p_day_cap;
  IF NOT FOUND THEN RAISE EXCEPTION 'the day cannot take the whole group' USING ERRCODE = 'CT001'; END IF;

  INSERT INTO delivery_job AS j (message_id, sealed, key_id, expires_at, next_attempt_at)
  SELECT id, substring(p_sealed FROM "offset" + 1 FOR length), decode(key_id, 'hex'), expires_at, v_due
  FROM jsonb_to_recordset(p_rows) AS r (id uuid, key_id text, expires_at timestamptz, "offset" int, length int)
  WHERE id = ANY (v_keyed);

  INSERT INTO reservation (id, message_id, owner, reserved_micro_usd, reserved_at, price_version)
  SELECT gen_random_uuid(), id, owner, p_amount, p_now, p_price_version
  FROM jsonb_to_recordset(p_rows) AS r (id uuid, owner text) WHERE id = ANY (v_keyed);

  RETURN QUERY SELECT unnest(v_keyed), v_due;
END $$;
