-- Lists budget windows whose counters differ from the sums of the reservations of messages and of agents' tasks. No row means that all are right.
-- psql "${DATABASE_URL/no-verify/require}" -f docs/operator/ledger-check.sql
-- A message without an owner (proof of residence) has no reservation: its job holds the reserved money, and only the system's windows
-- count what it cost. If there are such messages, the system's windows may show more spending than the ledger, and never less.
SET TIME ZONE 'UTC';
WITH promise AS (
  SELECT owner::text AS owner, reserved_at, CASE state WHEN 'reserved' THEN reserved_micro_usd ELSE 0 END AS reserved, coalesce(settled_micro_usd, 0) AS spent
  FROM reservation
  UNION ALL SELECT owner::text, reserved_at, CASE state WHEN 'reserved' THEN reserved_micro_usd ELSE 0 END, coalesce(spent_micro_usd, 0) FROM agent_reservation
  UNION ALL SELECT NULL, reserved_at, reserved_micro_usd, 0 FROM delivery_job WHERE reserved_at IS NOT NULL),
ledger AS (
  SELECT s.scope, CASE s.scope WHEN 'user_day' THEN owner ELSE '' END AS subject,
         date_trunc(CASE s.scope WHEN 'system_hour' THEN 'hour' ELSE 'day' END, reserved_at) AS starts_at,
         sum(reserved) AS reserved, sum(spent) AS spent
  FROM promise CROSS JOIN (VALUES ('user_day'), ('system_hour'), ('system_day')) AS s (scope)
  WHERE s.scope <> 'user_day' OR owner IS NOT NULL GROUP BY 1, 2, 3),
unowned AS (SELECT EXISTS (SELECT FROM nullifier) OR EXISTS (SELECT FROM message WHERE owner IS NULL) AS present)
SELECT coalesce(l.scope, w.scope::text) AS scope, coalesce(l.starts_at, w.starts_at) AS starts_at,
       coalesce(w.reserved_micro_usd, 0) AS counted_reserved, coalesce(l.reserved, 0) AS ledger_reserved,
       coalesce(w.spent_micro_usd, 0) AS counted_spent, coalesce(l.spent, 0) AS ledger_spent
FROM ledger l FULL JOIN budget_window w ON w.scope::text = l.scope AND w.subject = l.subject AND w.starts_at = l.starts_at
WHERE coalesce(w.reserved_micro_usd, 0) <> coalesce(l.reserved, 0)
   OR coalesce(w.spent_micro_usd, 0) < coalesce(l.spent, 0)
   OR (coalesce(w.spent_micro_usd, 0) > coalesce(l.spent, 0) AND NOT (w.scope <> 'user_day' AND (SELECT present FROM unowned)));
