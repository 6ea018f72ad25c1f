import { defineConfig } from 'prisma/config';

// DATABASE_URL is needed by what talks to a database (migrate), not by `prisma generate`.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? '' },
});
