-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "MessageStatus" AS ENUM ('queued', 'delivering', 'delivered', 'partially_delivered', 'refused', 'unknown', 'expired', 'key_retired');

-- CreateEnum
CREATE TYPE "BudgetScope" AS ENUM ('user_day', 'system_hour', 'system_day');

-- CreateEnum
CREATE TYPE "ReservationState" AS ENUM ('reserved', 'settled');

-- CreateEnum
CREATE TYPE "AgentReservationState" AS ENUM ('reserved', 'settled', 'released', 'charged');

-- CreateEnum
CREATE TYPE "TemplateStatus" AS ENUM ('draft', 'published', 'archived');

-- CreateTable
CREATE TABLE "message" (
    "id" UUID NOT NULL,
    "owner" CHAR(43),
    "status_sha256" BYTEA,
    "sealed_sha256" BYTEA NOT NULL,
    "key_id" BYTEA NOT NULL,
    "status" "MessageStatus" NOT NULL DEFAULT 'queued',
    "reason" VARCHAR(100),
    "accepted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "receipt" TEXT,
    "attestation_document" BYTEA,
    "sealed_answer" BYTEA,

    CONSTRAINT "message_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "owner" CHAR(43) NOT NULL,
    "key" VARCHAR(128) NOT NULL,
    "message_id" UUID NOT NULL,
    "sealed_sha256" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("owner","key")
);

-- CreateTable
CREATE TABLE "delivery_job" (
    "message_id" UUID NOT NULL,
    "sealed" BYTEA NOT NULL,
    "key_id" BYTEA NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_owner" VARCHAR(64),
    "lease_until" TIMESTAMPTZ(3),
    "dispatched_at" TIMESTAMPTZ(3),
    "relayed" BOOLEAN NOT NULL DEFAULT false,
    "reserved_micro_usd" BIGINT,
    "reserved_at" TIMESTAMPTZ(3),

    CONSTRAINT "delivery_job_pkey" PRIMARY KEY ("message_id")
);

-- CreateTable
CREATE TABLE "nullifier" (
    "nullifier" BYTEA NOT NULL,
    "keep_until" TIMESTAMPTZ(3) NOT NULL,
    "message_input" BYTEA NOT NULL,
    "message_id" UUID,

    CONSTRAINT "nullifier_pkey" PRIMARY KEY ("nullifier")
);

-- CreateTable
CREATE TABLE "budget_window" (
    "scope" "BudgetScope" NOT NULL,
    "subject" TEXT NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "reserved_micro_usd" BIGINT NOT NULL DEFAULT 0,
    "spent_micro_usd" BIGINT NOT NULL DEFAULT 0,
    "messages" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "budget_window_pkey" PRIMARY KEY ("scope","subject","starts_at")
);

-- CreateTable
CREATE TABLE "reservation" (
    "id" UUID NOT NULL,
    "message_id" UUID NOT NULL,
    "owner" CHAR(43) NOT NULL,
    "state" "ReservationState" NOT NULL DEFAULT 'reserved',
    "reserved_micro_usd" BIGINT NOT NULL,
    "settled_micro_usd" BIGINT,
    "reserved_at" TIMESTAMPTZ(3) NOT NULL,
    "settled_at" TIMESTAMPTZ(3),
    "price_version" VARCHAR(32) NOT NULL,

    CONSTRAINT "reservation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "emergency_stop" (
    "id" UUID NOT NULL,
    "raised_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "reason" VARCHAR(200) NOT NULL,
    "cleared_at" TIMESTAMPTZ(3),
    "cleared_by" VARCHAR(200),
    "cleared_why" VARCHAR(500),

    CONSTRAINT "emergency_stop_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "agent_reservation" (
    "request_id" UUID NOT NULL,
    "attempt" SMALLINT NOT NULL,
    "owner" CHAR(43) NOT NULL,
    "state" "AgentReservationState" NOT NULL DEFAULT 'reserved',
    "request_sha256" BYTEA NOT NULL,
    "key_id" BYTEA NOT NULL,
    "enclave" VARCHAR(100) NOT NULL,
    "model_class" VARCHAR(32) NOT NULL,
    "provider" VARCHAR(16) NOT NULL,
    "model" VARCHAR(100) NOT NULL,
    "reserved_micro_usd" BIGINT NOT NULL,
    "reserved_at" TIMESTAMPTZ(3) NOT NULL,
    "deadline_at" TIMESTAMPTZ(3) NOT NULL,
    "dispatched_at" TIMESTAMPTZ(3),
    "spent_micro_usd" BIGINT,
    "settled_at" TIMESTAMPTZ(3),
    "price_version" VARCHAR(32) NOT NULL,
    "end" VARCHAR(32),
    "statement" VARCHAR(8192),
    "input_tokens" BIGINT,
    "cached_tokens" BIGINT,
    "cache_written_short_tokens" BIGINT,
    "cache_written_long_tokens" BIGINT,
    "output_tokens" BIGINT,
    "thinking_tokens" BIGINT,

    CONSTRAINT "agent_reservation_pkey" PRIMARY KEY ("request_id","attempt")
);

-- CreateTable
CREATE TABLE "agent_model_off" (
    "id" UUID NOT NULL,
    "provider" VARCHAR(16) NOT NULL,
    "model" VARCHAR(100) NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "why" VARCHAR(100) NOT NULL,
    "cleared_at" TIMESTAMPTZ(3),
    "cleared_by" VARCHAR(200),
    "cleared_why" VARCHAR(500),

    CONSTRAINT "agent_model_off_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sealed_key" (
    "key_id" BYTEA NOT NULL,
    "custody" VARCHAR(380) NOT NULL,
    "pcr0" BYTEA NOT NULL,
    "epoch" BIGINT NOT NULL,
    "record" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "rotate_after" TIMESTAMPTZ(3) NOT NULL,
    "destroy_after" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_by" VARCHAR(200),
    "revoked_why" VARCHAR(500),

    CONSTRAINT "sealed_key_pkey" PRIMARY KEY ("key_id")
);

-- CreateTable
CREATE TABLE "template" (
    "id" UUID NOT NULL,
    "slug" VARCHAR(64) NOT NULL,
    "status" "TemplateStatus" NOT NULL DEFAULT 'draft',
    "version" INTEGER NOT NULL DEFAULT 1,
    "title" VARCHAR(200) NOT NULL,
    "description" VARCHAR(1000),
    "category" VARCHAR(100),
    "language" VARCHAR(3) NOT NULL,
    "topics" TEXT[],
    "subject" VARCHAR(500) NOT NULL,
    "body" TEXT NOT NULL,
    "stance" VARCHAR(3),
    "bills" JSONB NOT NULL,
    "office_scope" TEXT[],
    "campaign_id" VARCHAR(64) NOT NULL,
    "campaign_note" TEXT,
    "sources" JSONB NOT NULL,
    "moderation" JSONB,
    "original_content" JSONB NOT NULL,
    "change_log" JSONB NOT NULL,
    "content_sha256" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "template_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "agent_run" (
    "request_id" UUID NOT NULL,
    "attempt" SMALLINT NOT NULL,
    "template_id" UUID NOT NULL,
    "task" VARCHAR(16) NOT NULL,
    "recorded_by" CHAR(43) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "provider" VARCHAR(16) NOT NULL,
    "model" VARCHAR(100) NOT NULL,
    "end" VARCHAR(32) NOT NULL,
    "price_version" VARCHAR(32) NOT NULL,
    "cost_micro_usd" BIGINT NOT NULL,
    "statement" VARCHAR(8192) NOT NULL,
    "input_tokens" BIGINT,
    "cached_tokens" BIGINT,
    "cache_written_short_tokens" BIGINT,
    "cache_written_long_tokens" BIGINT,
    "output_tokens" BIGINT,
    "thinking_tokens" BIGINT,

    CONSTRAINT "agent_run_pkey" PRIMARY KEY ("request_id","attempt")
);

-- CreateIndex
CREATE INDEX "message_owner_accepted_at_idx" ON "message"("owner", "accepted_at");

-- CreateIndex
CREATE INDEX "idempotency_key_message_id_idx" ON "idempotency_key"("message_id");

-- CreateIndex
CREATE INDEX "delivery_job_next_attempt_at_idx" ON "delivery_job"("next_attempt_at");

-- CreateIndex
CREATE INDEX "delivery_job_key_id_next_attempt_at_idx" ON "delivery_job"("key_id", "next_attempt_at");

-- CreateIndex
CREATE INDEX "delivery_job_expires_at_idx" ON "delivery_job"("expires_at");

-- CreateIndex
CREATE INDEX "nullifier_keep_until_idx" ON "nullifier"("keep_until");

-- CreateIndex
CREATE INDEX "budget_window_starts_at_idx" ON "budget_window"("starts_at");

-- CreateIndex
CREATE INDEX "reservation_message_id_idx" ON "reservation"("message_id");

-- CreateIndex
CREATE INDEX "emergency_stop_cleared_at_idx" ON "emergency_stop"("cleared_at");

-- CreateIndex
CREATE INDEX "agent_reservation_owner_reserved_at_idx" ON "agent_reservation"("owner", "reserved_at");

-- CreateIndex
CREATE INDEX "agent_model_off_provider_model_idx" ON "agent_model_off"("provider", "model");

-- CreateIndex
CREATE INDEX "sealed_key_custody_created_at_idx" ON "sealed_key"("custody", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "template_slug_key" ON "template"("slug");

-- CreateIndex
CREATE INDEX "template_status_slug_idx" ON "template"("status", "slug");

-- CreateIndex
CREATE INDEX "agent_run_template_id_recorded_at_idx" ON "agent_run"("template_id", "recorded_at");

-- AddForeignKey
ALTER TABLE "idempotency_key" ADD CONSTRAINT "idempotency_key_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "message"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "delivery_job" ADD CONSTRAINT "delivery_job_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "message"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "agent_run" ADD CONSTRAINT "agent_run_template_id_fkey" FOREIGN KEY ("template_id") REFERENCES "template"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Everything below is what Prisma's schema language cannot express.

-- A settlement that would make an amount negative is a mistake in the ledger and must fail.
ALTER TABLE "budget_window" ADD CONSTRAINT "budget_window_not_negative" CHECK ("reserved_micro_usd" >= 0 AND "spent_micro_usd" >= 0 AND "messages" >= 0);
ALTER TABLE "reservation" ADD CONSTRAINT "reservation_not_negative" CHECK ("reserved_micro_usd" >= 0 AND "settled_micro_usd" >= 0);
ALTER TABLE "reservation" ADD CONSTRAINT "reservation_settled_whole" CHECK (
  ("state" = 'reserved' AND "settled_micro_usd" IS NULL AND "settled_at" IS NULL)
  OR ("state" = 'settled' AND "settled_micro_usd" IS NOT NULL AND "settled_at" IS NOT NULL)
);

-- A message has at most one open reservation, and at most one emergency stop is not cleared.
CREATE UNIQUE INDEX "reservation_one_open" ON "reservation" ("message_id") WHERE "state" = 'reserved';
CREATE UNIQUE INDEX "emergency_stop_one_open" ON "emergency_stop" ((true)) WHERE "cleared_at" IS NULL;

ALTER TABLE "agent_reservation" ADD CONSTRAINT "agent_reservation_not_negative" CHECK (
  "reserved_micro_usd" >= 0 AND "spent_micro_usd" >= 0 AND "input_tokens" >= 0 AND "cached_tokens" >= 0
  AND "cache_written_short_tokens" >= 0 AND "cache_written_long_tokens" >= 0 AND "output_tokens" >= 0 AND "thinking_tokens" >= 0);
ALTER TABLE "agent_reservation" ADD CONSTRAINT "agent_reservation_whole" CHECK (
  CASE "state" WHEN 'reserved' THEN "spent_micro_usd" IS NULL AND "settled_at" IS NULL AND "statement" IS NULL
    WHEN 'settled' THEN "spent_micro_usd" IS NOT NULL AND "settled_at" IS NOT NULL AND "statement" IS NOT NULL AND "end" IS NOT NULL
    WHEN 'charged' THEN "spent_micro_usd" = "reserved_micro_usd" AND "settled_at" IS NOT NULL
    ELSE "spent_micro_usd" = 0 AND "settled_at" IS NOT NULL END);
ALTER TABLE "agent_reservation" ADD CONSTRAINT "agent_reservation_lengths" CHECK (
  octet_length("request_sha256") = 32 AND octet_length("key_id") = 16 AND "attempt" IN (1, 2));
-- In this order, the indexes find an owner's open attempts, overdue attempts, and rows that the retention sweep deletes.
CREATE INDEX "agent_reservation_open_of_owner" ON "agent_reservation" ("owner") WHERE "state" = 'reserved';
CREATE INDEX "agent_reservation_open" ON "agent_reservation" ("deadline_at") WHERE "state" = 'reserved';
CREATE INDEX "agent_reservation_ended" ON "agent_reservation" ("reserved_at") WHERE "state" <> 'reserved';
CREATE UNIQUE INDEX "agent_model_off_one_open" ON "agent_model_off" ("provider", "model") WHERE "cleared_at" IS NULL;
ALTER TABLE "agent_model_off" ADD CONSTRAINT "agent_model_off_cleared_whole" CHECK (
  ("cleared_at" IS NULL AND "cleared_by" IS NULL AND "cleared_why" IS NULL)
  OR ("cleared_at" IS NOT NULL AND "cleared_by" IS NOT NULL AND "cleared_why" IS NOT NULL));

-- Each status hash belongs to one message, and a message has at most one nullifier. Messages without a proof need no index entry.
CREATE UNIQUE INDEX "message_status_sha256_key" ON "message" ("status_sha256") WHERE "status_sha256" IS NOT NULL;
CREATE UNIQUE INDEX "nullifier_message_id_key" ON "nullifier" ("message_id") WHERE "message_id" IS NOT NULL;
-- Without an owner and without a status hash, no client could read the message.
ALTER TABLE "message" ADD CONSTRAINT "message_readable" CHECK ("owner" IS NOT NULL OR "status_sha256" IS NOT NULL);
ALTER TABLE "delivery_job" ADD CONSTRAINT "delivery_job_promise_whole" CHECK (
  ("reserved_micro_usd" IS NULL) = ("reserved_at" IS NULL) AND "reserved_micro_usd" >= 0);

-- Hashes and ids have fixed lengths.
ALTER TABLE "message" ADD CONSTRAINT "message_lengths" CHECK (
  octet_length("sealed_sha256") = 32 AND octet_length("key_id") = 16 AND octet_length("status_sha256") = 32);
ALTER TABLE "nullifier" ADD CONSTRAINT "nullifier_lengths" CHECK (octet_length("nullifier") = 32 AND octet_length("message_input") = 32);
ALTER TABLE "idempotency_key" ADD CONSTRAINT "idempotency_key_lengths" CHECK (octet_length("sealed_sha256") = 32);

-- Sealed bytes do not compress.
ALTER TABLE "delivery_job" ALTER COLUMN "sealed" SET STORAGE EXTERNAL;

-- These find rows that the retention sweep deletes. They are partial, so accepting a message writes no index entry.
CREATE INDEX "message_ended" ON "message" ("ended_at") WHERE "ended_at" IS NOT NULL;
CREATE INDEX "reservation_settled" ON "reservation" ("reserved_at") WHERE "state" = 'settled';

-- Several enclaves may make a key at the same time. All of them then use the key whose record is stored first. A revoked key has
-- no record, and another key may have its epoch.
CREATE UNIQUE INDEX "sealed_key_one_live" ON "sealed_key" ("custody", "pcr0", "epoch") WHERE "record" IS NOT NULL;
ALTER TABLE "sealed_key" ADD CONSTRAINT "sealed_key_lengths" CHECK (
  octet_length("key_id") = 16 AND octet_length("pcr0") = 48 AND octet_length("record") BETWEEN 1 AND 24576
);
ALTER TABLE "sealed_key" ADD CONSTRAINT "sealed_key_numbers" CHECK ("epoch" BETWEEN 1 AND 4294967295 AND "rotate_after" < "destroy_after");
-- A revoked key loses its record at once, and the row names who revoked it and why.
ALTER TABLE "sealed_key" ADD CONSTRAINT "sealed_key_revoked_whole" CHECK (
  ("revoked_at" IS NULL AND "revoked_by" IS NULL AND "revoked_why" IS NULL)
  OR ("revoked_at" IS NOT NULL AND "revoked_by" IS NOT NULL AND "revoked_why" IS NOT NULL AND "record" IS NULL)
);

-- prisma/sql/spending_stopped.sql

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

-- prisma/sql/agent_calls.sql

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

-- prisma/sql/accept_messages.sql

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
