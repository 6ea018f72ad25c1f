import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { Pool } from 'pg';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config/gateway-config';
import { ProblemError } from '../problems/problem-error';
import { type Prisma, PrismaClient } from './generated/client';
import { isDatabaseUnreachable, isPoolExhausted, isWriteConflict } from './unreachable';

/** The problems of any use of the database, for the routes that use it. */
export const DATABASE_PROBLEMS = ['database_unavailable', 'overloaded'] as const;

/** The client inside a transaction. */
export type Transaction = Prisma.TransactionClient;

const CONNECT_TIMEOUT_MS = 5000;
const WAIT_FOR_CONNECTION_MS = 10_000;
const TRANSACTION_TIMEOUT_MS = 15_000;
/**
 * The server ends slow statements itself. This limit is for a server that stopped answering: a frozen machine, a cut
 * network.
 */
const ANSWER_TIMEOUT_MS = TRANSACTION_TIMEOUT_MS + 2000;
const ATTEMPTS = 3;
const RETRY_AFTER_SECONDS = 5;
/** Shorter than RETRY_AFTER_SECONDS, because the database answers and connections become free again. */
const OVERLOAD_RETRY_AFTER_SECONDS = 1;

/**
 * PostgreSQL, which holds the gateway's durable state. An error that means that PostgreSQL cannot be reached becomes
 * `database_unavailable`. If every connection stays in use, the problem is `overloaded`, and no statement was begun.
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
    // An idle connection that PostgreSQL ends is replaced when the next one is needed. Without this listener the error would end the
    // process.
    this.connections.on('error', () => undefined);
    this.client = new PrismaClient({
      adapter: new PrismaPg(this.connections, { disposeExternalPool: true }),
      errorFormat: 'minimal',
    });
  }

  /**
   * Runs `work` in one READ COMMITTED transaction, and in another one if that lost a deadlock. An error that `work` throws rolls it back.
   * @throws ProblemError `overloaded` | `database_unavailable`; after the second the commit may or may not have happened
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
   * Runs a read outside of any transaction.
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
   * Runs one prepared statement in its own transaction, and runs it again if it lost a deadlock. It bypasses Prisma, which takes 0.1 ms of
   * CPU or more for a statement with many and large values.
   * @param name the name of the prepared statement, always the same for the same text
   * @throws ProblemError `overloaded` | `database_unavailable`; after the second the commit may or may not have happened
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

  /** For metrics: the connections of this process, and how many queries wait for one. */
  get pool(): { readonly totalCount: number; readonly idleCount: number; readonly waitingCount: number } {
    return this.connections;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client.$disconnect();
  }
}

/**
 * Prisma's adapter writes a time without its zone and drops the zone of what it reads, so a session must be in UTC even if the server,
 * database or role sets another zone. An option in the start packet overrides all three. Returns the address with that option added to
 * those it already holds.
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
