-- What has expired is asked for once a poll, by every worker, also while a long backlog waits for an enclave.
CREATE INDEX "delivery_job_expires_at_idx" ON "delivery_job"("expires_at");
