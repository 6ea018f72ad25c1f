-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "MessageStatus" AS ENUM ('queued', 'delivering', 'delivered', 'partially_delivered', 'refused', 'unknown', 'expired', 'key_retired');

-- CreateEnum
CREATE TYPE "BudgetScope" AS ENUM ('user_day', 'system_hour', 'system_day');

-- CreateEnum
CREATE TYPE "ReservationState" AS ENUM ('reserved', 'settled');

-- CreateTable
CREATE TABLE "message" (
    "id" UUID NOT NULL,
    "owner" CHAR(43) NOT NULL,
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

    CONSTRAINT "delivery_job_pkey" PRIMARY KEY ("message_id")
);

-- CreateTable
CREATE TABLE "budget_window" (
    "scope" "BudgetScope" NOT NULL,
    "subject" TEXT NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "reserved_micro_usd" BIGINT NOT NULL DEFAULT 0,
    "spent_micro_usd" BIGINT NOT NULL DEFAULT 0,

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

-- CreateIndex
CREATE INDEX "message_owner_accepted_at_idx" ON "message"("owner", "accepted_at");

-- CreateIndex
CREATE INDEX "idempotency_key_message_id_idx" ON "idempotency_key"("message_id");

-- CreateIndex
CREATE INDEX "delivery_job_next_attempt_at_idx" ON "delivery_job"("next_attempt_at");

-- CreateIndex
CREATE INDEX "reservation_message_id_idx" ON "reservation"("message_id");

-- CreateIndex
CREATE INDEX "emergency_stop_cleared_at_idx" ON "emergency_stop"("cleared_at");

-- AddForeignKey
ALTER TABLE "idempotency_key" ADD CONSTRAINT "idempotency_key_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "message"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "delivery_job" ADD CONSTRAINT "delivery_job_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "message"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reservation" ADD CONSTRAINT "reservation_message_id_fkey" FOREIGN KEY ("message_id") REFERENCES "message"("id") ON DELETE RESTRICT ON UPDATE CASCADE;



-- What the schema language cannot say.

-- Amounts are never negative: a settlement that would make them so is a mistake in the ledger and must fail.
ALTER TABLE "budget_window" ADD CONSTRAINT "budget_window_not_negative" CHECK ("reserved_micro_usd" >= 0 AND "spent_micro_usd" >= 0);
ALTER TABLE "reservation" ADD CONSTRAINT "reservation_not_negative" CHECK ("reserved_micro_usd" >= 0 AND "settled_micro_usd" >= 0);
ALTER TABLE "reservation" ADD CONSTRAINT "reservation_settled_whole" CHECK (
  ("state" = 'reserved' AND "settled_micro_usd" IS NULL AND "settled_at" IS NULL)
  OR ("state" = 'settled' AND "settled_micro_usd" IS NOT NULL AND "settled_at" IS NOT NULL)
);

-- One open reservation for a message, and one standing emergency stop.
CREATE UNIQUE INDEX "reservation_one_open" ON "reservation" ("message_id") WHERE "state" = 'reserved';
CREATE UNIQUE INDEX "emergency_stop_one_open" ON "emergency_stop" ((true)) WHERE "cleared_at" IS NULL;

-- Hashes and ids have their length.
ALTER TABLE "message" ADD CONSTRAINT "message_lengths" CHECK (octet_length("sealed_sha256") = 32 AND octet_length("key_id") = 16);
ALTER TABLE "idempotency_key" ADD CONSTRAINT "idempotency_key_lengths" CHECK (octet_length("sealed_sha256") = 32);
