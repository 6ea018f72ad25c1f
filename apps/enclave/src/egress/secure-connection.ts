import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Validity } from './certificate-dates';

/** A kept connection is used for at most a minute, so that a new certificate or a new address of the server takes effect. */
export const MAX_AGE_MS = 60_000;

/** `keepSocketAlive` with the boolean result that Node documents; `@types/node` declares it as void. */
interface AgentHooks {
  keepSocketAlive(socket: Duplex): boolean;
}

/** One verified connection, for one request at a time. */
export class SecureConnection {
  /** An agent of Node's HTTP client that knows only this connection. */
  readonly agent: Agent;
  private readonly openedMs = performance.now();
  private isFree = true;

  /** @param validity the time in which every certificate from the server's up to the configured root is valid */
  constructor(
    readonly socket: TLSSocket,
    private readonly raw: Socket,
    private readonly validity: Validity,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.agent.createConnection = () => socket;
    // Node calls this when the answer was read to its end and neither side asked to close. If a byte arrives before the next request, Node
    // destroys the socket: the byte would count as the start of the next answer.
    const { keepSocketAlive } = this.agent as Agent & AgentHooks;
    (this.agent as Agent & AgentHooks).keepSocketAlive = (free) => {
      this.isFree = keepSocketAlive.call(this.agent, free);
      return this.isFree;
    };
  }

  /** Called before each request. */
  begin(): void {
    this.isFree = false;
  }

  /** Whether the connection may carry another request. @param nowMs the attested time */
  isUsable(nowMs: number): boolean {
    const { socket, validity } = this;
    return (
      this.isFree &&
      !socket.destroyed &&
      socket.writable &&
      socket.readableLength === 0 &&
      performance.now() - this.openedMs < MAX_AGE_MS &&
      nowMs >= validity.fromMs &&
      nowMs <= validity.toMs
    );
  }

  end(): void {
    this.agent.destroy();
    this.socket.destroy();
    this.raw.destroy();
  }
}
