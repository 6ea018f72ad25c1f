import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';
import { ProblemError } from '../problems/problem-error';
import { type Prisma, PrismaClient } from './generated/client';
import { isDatabaseUnreachable, isPoolExhausted, isWriteConflict } from './unreachable';

/** Problem codes with which every route that uses the database may answer. */
export const DATABASE_PROBLEMS = ['database_unavailable', 'overloaded'] as const;

export type Transaction = Prisma.TransactionClient;

const CONNECT_TIMEOUT_MS = 5000;
const WAIT_FOR_CONNECTION_MS = 10_000;
const TRANSACTION_TIMEOUT_MS = 15_000;
/**
 * PostgreSQL ends slow statements by itself (`statement_timeout`). This longer limit ends a query if PostgreSQL does not answer at all, for
 * example because the network was cut.
 */
const ANSWER_TIMEOUT_MS = TRANSACTION_TIMEOUT_MS + 2000;
const ATTEMPTS = 3;
const RETRY_AFTER_SECONDS = 5;
/** Shorter than RETRY_AFTER_SECONDS: the database works, and a connection is soon free again. */
const OVERLOAD_RETRY_AFTER_SECONDS = 1;

/**
 * The gateway's connections to PostgreSQL. If PostgreSQL cannot be reached, methods throw `database_unavailable`. If no connection becomes
 * free in time, they throw `overloaded`; then no statement was sent.
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  readonly client: PrismaClient;
  private readonly connections: Pool;

  constructor(@Inject(GATEWAY_CONFIG) config: GatewayConfig) {
    this.connections = new Pool({
      connectionString: inUtc(config.database.url),
      max: config.database.poolSize,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      // Keep-alive notices a lost peer; the time-outs end hanging statements and idle transactions.
      keepAlive: true,
      statement_timeout: TRANSACTION_TIMEOUT_MS,
      query_timeout: ANSWER_TIMEOUT_MS,
      idle_in_transaction_session_timeout: 2 * TRANSACTION_TIMEOUT_MS,
      application_name: 'communique-gateway',
    });
    // PostgreSQL may end an idle connection. Without this listener, the pool's `error` event would end the gateway.
    this.connections.on('error', () => undefined);
    this.client = new PrismaClient({
      adapter: new PrismaPg(this.connections, { disposeExternalPool: true }),
      errorFormat: 'minimal',
    });
  }

  /**
   * Runs `work` in a READ COMMITTED transaction. If `work` throws, the transaction is rolled back. After a deadlock `work` runs again, at
   * most three times in all.
   * @throws ProblemError `overloaded` | `database_unavailable`; after `database_unavailable` the commit may or may not have happened
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.client.$transaction(work, {
          maxWait: WAIT_FOR_CONNECTION_MS,
          timeout: TRANSACTION_TIMEOUT_MS,
          isolationLevel: 'ReadCommitted',
        });
      } catch (error) {
        if (attempt < ATTEMPTS && isWriteConflict(error)) continue;
        throw unavailableOr(error);
      }
    }
  }

  /**
   * Runs a query, which may also write, outside of any transaction.
   * @throws ProblemError `database_unavailable` | `overloaded`
   */
  async read<T>(query: (client: PrismaClient) => Promise<T>): Promise<T> {
    try {
      return await query(this.client);
    } catch (error) {
      throw unavailableOr(error);
    }
  }

  /**
   * Runs one prepared statement in its own transaction. After a deadlock it runs again, at most three times in all. It bypasses Prisma,
   * which needs at least 0.1 ms of CPU for a statement with many large values.
   * @param name the name of the prepared statement, always the same for the same text
   * @throws ProblemError `overloaded` | `database_unavailable`; after `database_unavailable` the commit may or may not have happened
   */
  async statement<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.connections.query<Row>({ name, text, values })).rows;
      } catch (error) {
        if (attempt < ATTEMPTS && isWriteConflict(error)) continue;
        throw unavailableOr(error);
      }
    }
  }

  /** The connections of this process, and how many queries wait for one. */
  get pool(): { readonly totalCount: number; readonly idleCount: number; readonly waitingCount: number } {
    return this.connections;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client.$disconnect();
  }
}

/**
 * Returns the address with an option that sets the session's time zone to UTC, because Prisma's adapter writes and reads times without
 * their zone. The option overrides a zone that is set for the server, the database or the role.
 */
function inUtc(url: string): string {
  const address = new URL(url);
  address.searchParams.set('options', [address.searchParams.get('options') ?? '', '-c TimeZone=UTC'].join(' ').trim());
  return address.href;
}

function unavailableOr(error: unknown): unknown {
  if (error instanceof ProblemError) return error;
  if (isPoolExhausted(error))
    return new ProblemError('overloaded', { retryAfterSeconds: OVERLOAD_RETRY_AFTER_SECONDS, cause: error });
  return isDatabaseUnreachable(error)
    ? new ProblemError('database_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error })
    : error;
}
