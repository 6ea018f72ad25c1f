-- The ledger outlives its messages and is kept as it was written, so its message_id names a message that may be gone.
-- DropForeignKey
ALTER TABLE "reservation" DROP CONSTRAINT "reservation_message_id_fkey";

-- CreateIndex
CREATE INDEX "budget_window_starts_at_idx" ON "budget_window"("starts_at");

-- CreateIndex
CREATE INDEX "delivery_job_key_id_next_attempt_at_idx" ON "delivery_job"("key_id", "next_attempt_at");



-- What the schema language cannot say.

-- What the sweep looks for. Partial, so that accepting a message does not pay for it.
CREATE INDEX "message_ended" ON "message" ("ended_at") WHERE "ended_at" IS NOT NULL;
CREATE INDEX "reservation_settled" ON "reservation" ("reserved_at") WHERE "state" = 'settled';
