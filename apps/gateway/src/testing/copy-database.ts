import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** A new database that is a copy of the one `url` names, which nobody may be connected to: quicker than migrating each. */
export async function copyDatabase(url: string): Promise<string> {
  const template = decodeURIComponent(new URL(url).pathname.slice(1));
  const name = `copy_${randomBytes(6).toString('hex')}`;
  const admin = new URL(url);
  admin.pathname = '/postgres';
  const client = new Client({ connectionString: admin.href });
  await client.connect();
  try {
    await client.query(
      `CREATE DATABASE ${client.escapeIdentifier(name)} TEMPLATE ${client.escapeIdentifier(template)}`,
    );
  } finally {
    await client.end();
  }
  const copy = new URL(url);
  copy.pathname = `/${name}`;
  return copy.href;
}
