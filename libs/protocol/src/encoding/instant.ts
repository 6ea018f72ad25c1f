import * as z from 'zod';

export const instantSchema = z.iso
  .datetime()
  .meta({ id: 'Instant', description: 'A time in UTC (RFC 3339), such as `2026-11-29T18:09:03.252Z`.' });
