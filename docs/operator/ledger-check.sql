-- Budget windows whose counters are not what the reservations come to. None is right: no row.
-- psql "$DATABASE_URL" -f docs/operator/ledger-check.sql
SET TIME ZONE 'UTC';
WITH ledger AS (
  SELECT s.scope, CASE s.scope WHEN 'user_day' THEN owner::text ELSE '' END AS subject,
         date_trunc(CASE s.scope WHEN 'system_hour' THEN 'hour' ELSE 'day' END, reserved_at) AS starts_at,
         coalesce(sum(reserved_micro_usd) FILTER (WHERE state = 'reserved'), 0) AS reserved, coalesce(sum(settled_micro_usd), 0) AS spent
  FROM reservation CROSS JOIN (VALUES ('user_day'), ('system_hour'), ('system_day')) AS s (scope) GROUP BY 1, 2, 3)
SELECT coalesce(l.scope, w.scope::text) AS scope, coalesce(l.starts_at, w.starts_at) AS starts_at,
       coalesce(w.reserved_micro_usd, 0) AS counted_reserved, coalesce(l.reserved, 0) AS ledger_reserved,
       coalesce(w.spent_micro_usd, 0) AS counted_spent, coalesce(l.spent, 0) AS ledger_spent
FROM ledger l FULL JOIN budget_window w ON w.scope::text = l.scope AND w.subject = l.subject AND w.starts_at = l.starts_at
WHERE coalesce(w.reserved_micro_usd, 0) <> coalesce(l.reserved, 0) OR coalesce(w.spent_micro_usd, 0) <> coalesce(l.spent, 0);
