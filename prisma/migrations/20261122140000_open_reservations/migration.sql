-- Open reservations are few among all that were ever made, and are counted at each read of metrics.
CREATE INDEX "reservation_open_idx" ON "reservation"("reserved_at") WHERE "state" = 'reserved';
