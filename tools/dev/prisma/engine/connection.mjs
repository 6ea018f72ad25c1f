// Reads Prisma's database URLs for node-postgres, and makes and drops databases.
import pg from 'pg';

/** An error with a code that Prisma's CLI knows. */
export class EngineError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

export const databaseName = (url) => decodeURIComponent(new URL(url).pathname.slice(1)) || 'postgres';
export const schemaName = (url) => new URL(url).searchParams.get('schema') ?? undefined;

/** Allows only one connection, because the engine's statements depend on each other (locks, search path). */
export function poolConfig(url, database = databaseName(url)) {
  const { username, password, hostname, port, searchParams } = new URL(url);
  const tls = searchParams.get('sslmode');
  return {
    host: searchParams.get('host') ?? decodeURIComponent(hostname).replace(/^\[|\]$/g, ''),
    port: Number(port || 5432),
    user: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
    database,
    max: 1,
    connectionTimeoutMillis: Number(searchParams.get('connect_timeout') ?? 10) * 1000,
    ...(tls === 'require' || tls === 'verify-ca' || tls === 'verify-full'
      ? { ssl: { rejectUnauthorized: tls !== 'require' } }
      : {}),
  };
}

/** @throws EngineError P1000 (credentials), P1001 (no server), P1003 (no such database) */
export async function withClient(config, use) {
  const client = new pg.Client(config);
  client.on('error', () => undefined); // ignored: if the connection ends, the running query fails too
  try {
    await client.connect();
  } catch (error) {
    throw connectionError(error, config);
  }
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

function connectionError(error, { host, port, user, database }) {
  if (error.code === '3D000')
    return new EngineError('P1003', `Database \`${database}\` does not exist`, { cause: error });
  if (error.code === '28P01' || error.code === '28000') {
    return new EngineError(
      'P1000',
      `Authentication failed against database server, the provided database credentials for \`${user}\` are not valid.`,
      { cause: error },
    );
  }
  return new EngineError(
    'P1001',
    `Can't reach database server at \`${host}:${port}\` (${error.message || error.code})`,
    { cause: error },
  );
}

const onServer = (url, use) => withClient(poolConfig(url, 'postgres'), use);

export async function checkConnection(url) {
  await withClient(poolConfig(url), (client) => client.query('SELECT 1'));
}

/** Creates the database of the URL unless it exists. */
export async function createDatabase(url) {
  const name = databaseName(url);
  await onServer(url, async (client) => {
    try {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
    } catch (error) {
      if (error.code !== '42P04') throw error; // duplicate_database
    }
  });
  return name;
}

export async function dropDatabase(url, name = databaseName(url)) {
  await onServer(url, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`),
  );
}

/** Creates an empty database on the server of the URL. */
export async function createShadowDatabase(url) {
  const name = `prisma_migrate_shadow_db_${crypto.randomUUID()}`;
  await onServer(url, (client) => client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`));
  return name;
}
