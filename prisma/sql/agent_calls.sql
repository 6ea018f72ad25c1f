-- The money of agent tasks. Each attempt at a provider has one row of agent_reservation, which is reserved, then dispatched, then ended.
-- Each function is one transaction, READ COMMITTED. Amounts are micro-dollars.
--
-- The functions take locks in the order of accept_messages: the owner's lock, the reservation's row, the stop's lock, the user's day, the
-- hour, the day.

-- Reserves p_amount for one attempt and returns the result:
--
--   accepted                     reserved, also if the same attempt with the same bytes was released before
--   known                        the owner has this attempt with these bytes already; nothing changes
--   message_id_taken             the id is another owner's, or was used with other bytes
--   outcome_unknown              p_attempt is 2, and attempt 1 is not settled
--   model_off                    the model, or its whole provider, is off until an operator clears it
--   task_running                 the owner has another reserved attempt, and its deadline has not passed
--   emergency_stop               an emergency stop is set
--   user_daily_limit_reached     the owner's cap for the UTC day has no room for p_amount
--   system_hourly_limit_reached  the system's cap for the UTC hour has no room for p_amount
--   agent_share_reached          the owner would have more than 5 % of the hour's cap in open reservations
--   threshold_reached            p_amount and what was spent exceed the system's cap for the UTC day; the caller must raise the emergency
--                                stop
--   system_daily_limit_reached   p_amount, what was spent and what is reserved exceed the system's cap for the UTC day
CREATE OR REPLACE FUNCTION reserve_agent_call(
  p_request_id uuid, p_attempt int, p_owner text, p_request_sha256 bytea, p_key_id bytea, p_enclave text,
  p_model_class text, p_provider text, p_model text, p_amount bigint, p_price_version text,
  p_now timestamptz, p_hour timestamptz, p_day timestamptz, p_deadline timestamptz,
  p_user_cap bigint, p_hour_cap bigint, p_day_cap bigint
) RETURNS text LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
  v_old record;
  v_user_used bigint;
  v_hour_used bigint;
  v_day_used bigint;
  v_day_spent bigint;
  v_open bigint;
  v_refusal text;
BEGIN
  -- Allows one task at a time for each owner. A lock of the user's day would not, because a new day begins at midnight.
  PERFORM pg_advisory_xact_lock(706176, ('x' || substr(md5(p_owner), 1, 8))::bit(32)::int);

  SELECT * INTO v_old FROM agent_reservation WHERE request_id = p_request_id ORDER BY (attempt = p_attempt) DESC, attempt LIMIT 1 FOR UPDATE;
  IF FOUND THEN
    IF v_old.owner <> p_owner::bpchar OR v_old.request_sha256 <> p_request_sha256 THEN RETURN 'message_id_taken'; END IF;
    IF v_old.attempt = p_attempt AND v_old.state <> 'released' THEN RETURN 'known'; END IF;
  END IF;
  IF p_attempt > 1 AND NOT EXISTS (
    SELECT FROM agent_reservation WHERE request_id = p_request_id AND attempt = p_attempt - 1 AND state = 'settled') THEN
    RETURN 'outcome_unknown';
  END IF;
  IF spending_stopped() THEN RETURN 'emergency_stop'; END IF;
  IF EXISTS (SELECT FROM agent_model_off WHERE provider = p_provider AND model IN (p_model, '*') AND cleared_at IS NULL) THEN
    RETURN 'model_off';
  END IF;
  IF EXISTS (SELECT FROM agent_reservation WHERE owner = p_owner::bpchar AND state = 'reserved' AND deadline_at > p_now) THEN
    RETURN 'task_running';
  END IF;
  SELECT coalesce(sum(reserved_micro_usd), 0) INTO v_open FROM agent_reservation WHERE owner = p_owner::bpchar AND state = 'reserved';

  -- Adds the amount, which creates or locks the three windows in order.
  WITH added AS (
    INSERT INTO budget_window AS w (scope, subject, starts_at, reserved_micro_usd)
    SELECT scope, subject, starts_at, p_amount FROM (VALUES
      ('user_day'::"BudgetScope", p_owner, p_day), ('system_hour'::"BudgetScope", '', p_hour), ('system_day'::"BudgetScope", '', p_day)
    ) AS b (scope, subject, starts_at)
    ORDER BY scope
    ON CONFLICT (scope, subject, starts_at) DO UPDATE SET reserved_micro_usd = w.reserved_micro_usd + EXCLUDED.reserved_micro_usd
    RETURNING scope, reserved_micro_usd + spent_micro_usd AS used, spent_micro_usd AS spent)
  SELECT max(used) FILTER (WHERE scope = 'user_day'), max(used) FILTER (WHERE scope = 'system_hour'),
         max(used) FILTER (WHERE scope = 'system_day'), max(spent) FILTER (WHERE scope = 'system_day')
    INTO v_user_used, v_hour_used, v_day_used, v_day_spent FROM added;

  v_refusal := CASE
    WHEN v_user_used > p_user_cap THEN 'user_daily_limit_reached'
    WHEN v_hour_used > p_hour_cap THEN 'system_hourly_limit_reached'
    -- Checked before the threshold, so that a user cannot cause the stop by asking for more than their share.
    WHEN (v_open + p_amount) * 20 > p_hour_cap THEN 'agent_share_reached'
    WHEN v_day_spent + p_amount > p_day_cap THEN 'threshold_reached'
    WHEN v_day_used > p_day_cap THEN 'system_daily_limit_reached' END;
  IF v_refusal IS NOT NULL THEN
    UPDATE budget_window SET reserved_micro_usd = reserved_micro_usd - p_amount
    WHERE (scope = 'user_day' AND subject = p_owner AND starts_at = p_day)
       OR (scope = 'system_hour' AND subject = '' AND starts_at = p_hour) OR (scope = 'system_day' AND subject = '' AND starts_at = p_day);
    DELETE FROM budget_window
    WHERE ((scope = 'user_day' AND subject = p_owner AND starts_at = p_day)
        OR (scope = 'system_hour' AND subject = '' AND starts_at = p_hour) OR (scope = 'system_day' AND subject = '' AND starts_at = p_day))
      AND reserved_micro_usd = 0 AND spent_micro_usd = 0 AND messages = 0;
    RETURN v_refusal;
  END IF;

  INSERT INTO agent_reservation AS r (request_id, attempt, owner, request_sha256, key_id, enclave, model_class, provider, model,
    reserved_micro_usd, reserved_at, deadline_at, price_version)
  VALUES (p_request_id, p_attempt, p_owner, p_request_sha256, p_key_id, p_enclave, p_model_class, p_provider, p_model,
    p_amount, p_now, p_deadline, p_price_version)
  ON CONFLICT (request_id, attempt) DO UPDATE
    SET key_id = EXCLUDED.key_id, enclave = EXCLUDED.enclave, model_class = EXCLUDED.model_class, provider = EXCLUDED.provider,
      model = EXCLUDED.model, state = 'reserved', reserved_micro_usd = EXCLUDED.reserved_micro_usd, reserved_at = EXCLUDED.reserved_at,
      deadline_at = EXCLUDED.deadline_at, dispatched_at = NULL, price_version = EXCLUDED.price_version, spent_micro_usd = NULL, settled_at = NULL
    WHERE r.state = 'released' AND r.owner = EXCLUDED.owner AND r.request_sha256 = EXCLUDED.request_sha256;
  -- Another owner's request took this id meanwhile. The exception also rolls back the windows.
  IF NOT FOUND THEN RAISE unique_violation USING MESSAGE = 'agent_reservation: the request id was taken meanwhile'; END IF;
  RETURN 'accepted';
END $$;

-- Records that the gateway is about to send a reserved attempt to the enclave. Returns 'dispatched'; 'emergency_stop' if a stop is set
-- (the attempt is then released); 'ended' if the attempt is not reserved any more.
CREATE OR REPLACE FUNCTION dispatch_agent_call(p_request_id uuid, p_attempt int, p_now timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM agent_reservation WHERE request_id = p_request_id AND attempt = p_attempt AND state = 'reserved' FOR UPDATE;
  IF NOT FOUND THEN RETURN 'ended'; END IF;
  IF spending_stopped() THEN
    PERFORM end_agent_call(p_request_id, p_attempt, 'released', 0, p_now, NULL, NULL, NULL, NULL, NULL);
    RETURN 'emergency_stop';
  END IF;
  UPDATE agent_reservation SET dispatched_at = p_now WHERE request_id = p_request_id AND attempt = p_attempt;
  RETURN 'dispatched';
END $$;

-- Ends an attempt and corrects the windows in which it was reserved. Returns the state that the attempt had before the call:
--
--   reserved   the attempt now has p_state: settled (a verified statement), released (nothing was spent) or charged (no statement came)
--   charged    a later statement replaces the charge; any other p_state changes nothing
--   released   a late statement is booked; any other p_state changes nothing
--   settled    nothing changes, because an attempt is settled once
--   NULL       the attempt does not exist
--
-- p_tokens: input, cached, cache-written short and long, output, thinking; NULL if they are not known.
-- p_off_model: a model of the attempt's provider to switch off ('*': every model), or NULL. p_off_why: the reason.
-- A p_spent above the reservation is booked in full.
CREATE OR REPLACE FUNCTION end_agent_call(
  p_request_id uuid, p_attempt int, p_state text, p_spent bigint, p_now timestamptz,
  p_end text, p_statement text, p_tokens bigint[], p_off_model text, p_off_why text
) RETURNS text LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
  v_old record;
  v_reserved bigint;
  v_more bigint;
  v_hour timestamptz;
  v_day timestamptz;
  v_window record;
BEGIN
  SELECT * INTO v_old FROM agent_reservation WHERE request_id = p_request_id AND attempt = p_attempt FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF v_old.state = 'settled' OR (v_old.state <> 'reserved' AND p_state <> 'settled') THEN RETURN v_old.state; END IF;

  v_reserved := CASE WHEN v_old.state = 'reserved' THEN v_old.reserved_micro_usd ELSE 0 END;
  v_more := p_spent - coalesce(v_old.spent_micro_usd, 0);
  v_hour := date_trunc('hour', v_old.reserved_at, 'UTC');
  v_day := date_trunc('day', v_old.reserved_at, 'UTC');
  -- Separate statements, to take the locks in order.
  FOR v_window IN VALUES (1, 'user_day'::"BudgetScope", v_old.owner::text, v_day), (2, 'system_hour', '', v_hour), (3, 'system_day', '', v_day) LOOP
    UPDATE budget_window SET reserved_micro_usd = reserved_micro_usd - v_reserved, spent_micro_usd = spent_micro_usd + v_more
    WHERE scope = v_window.column2 AND subject = v_window.column3 AND starts_at = v_window.column4;
    CONTINUE WHEN FOUND;
    IF v_reserved > 0 THEN RAISE EXCEPTION 'agent_reservation: a reservation counts in no window'; END IF;
    INSERT INTO budget_window AS w (scope, subject, starts_at, spent_micro_usd)
    VALUES (v_window.column2, v_window.column3, v_window.column4, v_more)
    ON CONFLICT (scope, subject, starts_at) DO UPDATE SET spent_micro_usd = w.spent_micro_usd + EXCLUDED.spent_micro_usd;
  END LOOP;

  UPDATE agent_reservation
  SET state = p_state::"AgentReservationState", spent_micro_usd = p_spent, settled_at = p_now, "end" = p_end, statement = p_statement,
    input_tokens = p_tokens[1], cached_tokens = p_tokens[2], cache_written_short_tokens = p_tokens[3], cache_written_long_tokens = p_tokens[4],
    output_tokens = p_tokens[5], thinking_tokens = p_tokens[6]
  WHERE request_id = p_request_id AND attempt = p_attempt;

  IF p_off_model IS NOT NULL THEN
    INSERT INTO agent_model_off (id, provider, model, since, why) VALUES (gen_random_uuid(), v_old.provider, p_off_model, p_now, p_off_why)
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN v_old.state;
END $$;

-- Ends one attempt whose deadline was before p_overdue. Returns 'charged' (the whole reservation) if its bytes may have left the gateway;
-- 'released' if they never left; NULL if no attempt is overdue. Several gateways may call this at once.
CREATE OR REPLACE FUNCTION end_overdue_agent_call(p_overdue timestamptz, p_now timestamptz) RETURNS text LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
  v_old record;
  v_state text;
BEGIN
  SELECT * INTO v_old FROM agent_reservation WHERE state = 'reserved' AND deadline_at < p_overdue ORDER BY deadline_at LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN NULL; END IF;
  v_state := CASE WHEN v_old.dispatched_at IS NULL THEN 'released' ELSE 'charged' END;
  PERFORM end_agent_call(v_old.request_id, v_old.attempt, v_state, CASE v_state WHEN 'charged' THEN v_old.reserved_micro_usd ELSE 0 END,
    p_now, NULL, NULL, NULL, NULL, NULL);
  RETURN v_state;
END $$;
