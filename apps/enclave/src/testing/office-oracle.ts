import { decodeRelayAnswer } from '@communique-tee/protocol';
import { bestRule, guessBy, NOTHING, type Measurements } from './best-rule';
import type { SeenConnection, Treatment } from './watched-egress';

/** What the parent can do and observe. */
export interface ParentActions {
  /** Seals a message of the attacker's own, as any sender can. */
  seal(offices: readonly string[]): Promise<Uint8Array>;
  /** Relays sealed bytes as the gateway does, and returns the whole answer. */
  relay(sealed: Uint8Array): Promise<{ status: number; headers: string; body: Uint8Array }>;
  /** Returns every connection of the enclave so far, in the order in which they were opened. */
  connections(): readonly SeenConnection[];
  /** Sets how the parent treats the connections that the enclave opens from now on. */
  rule(rule: (connection: SeenConnection) => Treatment): void;
  /** Returns everything that the enclave has logged so far. */
  output(): string;
}

export interface Plan {
  /** The two sets of offices that the attacker has to tell apart. */
  readonly candidates: readonly [readonly string[], readonly string[]];
  /** How many probes the attacker relays just before the watched message: messages of its own to the first candidate. */
  readonly probes: number;
  /**
   * Returns how to treat a connection that the enclave opens for the probes or the message. `number` counts these connections from 0, in
   * the order in which they are opened.
   */
  readonly treat: (number: number) => Treatment;
}

/** How many connections, counted from the last one, are measured one by one. */
const MEASURED_CONNECTIONS = 4;

/**
 * An attacker with the powers of the parent, who wants to know to which of two sets of offices a sealed message goes. The attacker does not
 * know how the enclave works. It measures everything visible, learns from its own messages which measurement separates the two sets, and
 * guesses by that measurement.
 */
export class OfficeOracle {
  private readonly learned: [Measurements[], Measurements[]] = [[], []];

  constructor(
    private readonly parent: ParentActions,
    private readonly plan: Plan,
  ) {}

  /** @param messages how many messages of its own the attacker sends to each candidate */
  async learn(messages: number): Promise<void> {
    for (let n = 0; n < messages; n++)
      for (const which of [0, 1] as const)
        this.learned[which].push(await this.watch(await this.parent.seal(this.plan.candidates[which])));
  }

  /** @returns the candidate that the attacker guesses: 0 or 1 */
  async guess(sealed: Uint8Array): Promise<0 | 1> {
    return guessBy(bestRule(this.learned), await this.watch(sealed));
  }

  /**
   * Returns the measurement that best tells the candidates apart, and the share of the attacker's own messages that it classifies correctly
   * (0.5 to 1).
   */
  best(): { name: string; share: number } {
    const { at, right } = bestRule(this.learned);
    return { name: MEASURED[at] ?? '', share: right / (this.learned[0].length + this.learned[1].length) };
  }

  /** Relays the probes and the message, then the message again. Returns everything that can be measured. */
  private async watch(sealed: Uint8Array): Promise<Measurements> {
    const { parent, plan } = this;
    const probes: Uint8Array[] = [];
    for (let n = 0; n < plan.probes; n++) probes.push(await parent.seal(plan.candidates[0]));
    const [connectionsBefore, outputBefore] = [parent.connections().length, parent.output().length];
    let opened = 0;
    parent.rule(() => plan.treat(opened++));
    const probing = probes.map((probe) => parent.relay(probe));
    const fromMs = performance.now();
    const answer = await parent.relay(sealed);
    const tookMs = performance.now() - fromMs;
    await Promise.all(probing);
    const connections = parent.connections().slice(connectionsBefore);
    const fromAgainMs = performance.now();
    const again = await parent.relay(sealed);
    const againMs = performance.now() - fromAgainMs;
    const later = parent.connections().length - connectionsBefore - connections.length;
    return [
      tookMs,
      ...ofAnswer(answer),
      againMs,
      ...ofAnswer(again),
      later,
      parent.output().length - outputBefore,
      connections.length,
      (connections.at(-1)?.openedMs ?? NaN) - fromMs,
      ...Array.from({ length: MEASURED_CONNECTIONS }, (_, n) =>
        ofConnection(connections.at(n - MEASURED_CONNECTIONS), fromMs),
      ).flat(),
    ].map((value) => (Number.isNaN(value) ? NOTHING : value));
  }
}

const OF_ANSWER = ['status', 'header bytes', 'bytes', 'state', 'wait', 'sealed bytes', 'receipt bytes'].concat(
  [0, 1, 2, 3].map((n) => `outcome ${String(n)}`),
);
const OF_CONNECTION = ['chamber', 'opened after ms', 'open for ms', 'bytes sent', 'bytes received'];
/** The names of the measurements of `watch`, in the same order. */
const MEASURED: readonly string[] = [
  'ms',
  ...OF_ANSWER,
  ...['ms', ...OF_ANSWER].map((name) => `again: ${name}`),
  'again: connections',
  'bytes of output',
  'connections',
  'last connection opened after ms',
  ...Array.from({ length: MEASURED_CONNECTIONS }, (_, n) =>
    OF_CONNECTION.map((name) => `connection ${String(n - MEASURED_CONNECTIONS)}: ${name}`),
  ).flat(),
];

function ofAnswer({ status, headers, body }: Awaited<ReturnType<ParentActions['relay']>>): number[] {
  const outer = [status, headers.length, body.length];
  if (status !== 200) return [...outer, ...Array.from({ length: OF_ANSWER.length - outer.length }, () => NOTHING)];
  const { state, retryAfterSeconds, answer, receipt } = decodeRelayAnswer(body);
  // The signature is not verified, because the attacker trusts its own enclave
  const claims = JSON.parse(Buffer.from(receipt.split('.')[1] ?? '', 'base64url').toString()) as {
    offices: { outcome: string }[];
  };
  const outcomes = [0, 1, 2, 3].map((n) => OUTCOMES.indexOf(claims.offices[n]?.outcome ?? ''));
  return [
    ...outer,
    state === 'final' ? 0 : 1,
    retryAfterSeconds ?? NOTHING,
    answer.length,
    receipt.length,
    ...outcomes,
  ];
}

const OUTCOMES = ['accepted', 'duplicate', 'refused', 'unknown', 'pending'];

function ofConnection(seen: SeenConnection | undefined, fromMs: number): number[] {
  if (seen === undefined) return OF_CONNECTION.map(() => NOTHING);
  const { to, openedMs, closedMs, sentBytes, receivedBytes } = seen;
  return [to === 'house' ? 0 : 1, openedMs - fromMs, (closedMs ?? NaN) - openedMs, sentBytes, receivedBytes];
}
