import type { Clock } from '../runtime/clock';
import type { SecureConnection } from './secure-connection';

/**
 * Servers end an idle connection after 5 s or more (Node and Apache 5 s, nginx 75 s). A request that arrives as the server ends its
 * connection gets no answer, so the enclave ends idle connections earlier.
 */
export const MAX_IDLE_MS = 2000;

interface Idle {
  readonly connection: SecureConnection;
  stop(): void;
}

/**
 * Idle connections to one server. Which connections are used, and for how long, depends only on what the parent sees anyway: when requests
 * came, how their answers ended, and the server's certificate.
 */
export class KeptConnections {
  /** The connection that was used last is at the end, and is taken first. */
  private readonly idle: Idle[] = [];

  /**
   * Takes out a usable connection, or returns null. Ends the unusable ones that it finds: closed, too old, or with a certificate that is
   * not valid by the attested clock.
   */
  take(clock: Clock): SecureConnection | null {
    for (let last = this.idle.pop(); last !== undefined; last = this.idle.pop()) {
      last.stop();
      if (last.connection.isUsable(clock.nowMs())) return last.connection;
      last.connection.end();
    }
    return null;
  }

  /** Keeps the connection for `MAX_IDLE_MS`; ends it if it cannot be used again. */
  keep(connection: SecureConnection, clock: Clock): void {
    if (!connection.isUsable(clock.nowMs())) return connection.end();
    const { socket } = connection;
    const drop = (): void => {
      entry.stop();
      this.idle.splice(this.idle.indexOf(entry), 1);
      connection.end();
    };
    const events = ['end', 'close'] as const;
    const timer = setTimeout(drop, MAX_IDLE_MS).unref();
    const entry: Idle = {
      connection,
      stop: () => {
        clearTimeout(timer);
        for (const event of events) socket.off(event, drop);
      },
    };
    this.idle.push(entry);
    for (const event of events) socket.on(event, drop);
  }
}
