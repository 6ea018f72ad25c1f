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

-- CreateIndex
CREATE INDEX "sealed_key_custody_created_at_idx" ON "sealed_key"("custody", "created_at");


-- What the schema language cannot say.

-- Of several enclaves that make a key at the same time, the one whose record is stored first has made it for all. Rows without a
-- record take no number away: an enclave that never saw a revoked key may give its number again, and must not wait for ever.
CREATE UNIQUE INDEX "sealed_key_one_live" ON "sealed_key" ("custody", "pcr0", "epoch") WHERE "record" IS NOT NULL;

ALTER TABLE "sealed_key" ADD CONSTRAINT "sealed_key_lengths" CHECK (
  octet_length("key_id") = 16 AND octet_length("pcr0") = 48 AND octet_length("record") BETWEEN 1 AND 24576
);
ALTER TABLE "sealed_key" ADD CONSTRAINT "sealed_key_numbers" CHECK ("epoch" BETWEEN 1 AND 4294967295 AND "rotate_after" < "destroy_after");
-- A revoked key is gone at once, and it is known who did that and why.
ALTER TABLE "sealed_key" ADD CONSTRAINT "sealed_key_revoked_whole" CHECK (
  ("revoked_at" IS NULL AND "revoked_by" IS NULL AND "revoked_why" IS NULL)
  OR ("revoked_at" IS NOT NULL AND "revoked_by" IS NOT NULL AND "revoked_why" IS NOT NULL AND "record" IS NULL)
);
