import * as z from 'zod';

/** Text of a time in UTC, as `Date.toISOString` writes it. */
export const instantSchema = z.iso
  .datetime()
  .meta({ id: 'Instant', description: 'A time in UTC (RFC 3339), such as `2026-11-29T18:09:03.252Z`.' });
