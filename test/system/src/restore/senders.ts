import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import {
  createDeliverySecret,
  fetchEnclaveKey,
  fetchMessage,
  followMessage,
  postMessage,
  prepareMessage,
  verifyResult,
  type GatewayOptions,
  type PreparedMessage,
  type TrustPolicy,
} from '@communique-tee/client';
import type { CongressMessage } from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { receivedBy } from '../congress';
import type { System } from '../start-system';

/** A message, and what its sender keeps. */
export interface Sent {
  readonly content: CongressMessage;
  readonly prepared: PreparedMessage;
}

/** A person who sends messages and looks up what happened to them. */
export class Sender {
  private constructor(
    private readonly system: System,
    private readonly gateway: GatewayOptions,
    private readonly policy: TrustPolicy,
  ) {}

  static async of(system: System, name: string): Promise<Sender> {
    const policy: TrustPolicy = {
      acceptedMeasurements: system.accepted,
      trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
    };
    return new Sender(system, { gateway: system.gatewayUrl, token: await system.issuer.token(name) }, policy);
  }

  async seal(offices: string[]): Promise<Sent> {
    const content = messageTo(offices);
    return { content, prepared: prepareMessage(content, await fetchEnclaveKey(this.system.gatewayUrl, this.policy)) };
  }

  /** Seals again a message that ended as `key_retired`, with the same id and delivery secret. */
  async sealAgain({ content, prepared }: Sent): Promise<Sent> {
    return {
      content,
      prepared: prepareMessage(content, await fetchEnclaveKey(this.system.gatewayUrl, this.policy), {
        id: prepared.id,
      }),
    };
  }

  /** Posts the message, and repeats the request while the gateway or its database is down. */
  async post({ prepared }: Sent): Promise<void> {
    await this.untilAnswered(() => postMessage(this.gateway, prepared));
  }

  async send(offices: string[]): Promise<Sent> {
    const sent = await this.seal(offices);
    await this.post(sent);
    return sent;
  }

  /** Returns the message's status, or `unknown_here` if the gateway has no such message. */
  async statusOf({ prepared }: Sent): Promise<string> {
    try {
      return (await fetchMessage(this.gateway, prepared.id)).status;
    } catch (error) {
      if (problemOf(error) === 'not_found') return 'unknown_here';
      throw error;
    }
  }

  async ended({ prepared }: Sent): Promise<string> {
    return (await followMessage(this.gateway, prepared.id, { timeoutMs: 90_000 })).status;
  }

  /** Returns the outcome of each office from the verified receipt. @throws Error if the receipt does not verify */
  async outcomes({ prepared }: Sent): Promise<Record<string, string>> {
    const view = await fetchMessage(this.gateway, prepared.id);
    const { answer } = await verifyResult(view, prepared, this.policy);
    return Object.fromEntries(answer.offices.map(({ office, outcome }) => [office, outcome]));
  }

  /** Returns how many copies of the message arrived at Congress, by office. */
  async copies({ content }: Sent): Promise<Record<string, number>> {
    const copies: Record<string, number> = {};
    for (const { office, xml } of await receivedBy(this.system.congress))
      if (xml.includes(content.campaignId)) copies[office] = (copies[office] ?? 0) + 1;
    return copies;
  }

  async untilStatus(sent: Sent, wanted: (status: string) => boolean): Promise<void> {
    for (let n = 0; n < 600; n++) {
      if (wanted(await this.statusOf(sent))) return;
      await sleep(100);
    }
    throw new Error(`the message still has the status ${await this.statusOf(sent)}`);
  }

  private async untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    for (let n = 0; ; n++) {
      try {
        return await ask();
      } catch (error) {
        const problem = problemOf(error);
        if (
          n > 300 ||
          (problem !== undefined &&
            !['database_unavailable', 'overloaded', 'shutting_down', 'internal_error'].includes(problem))
        )
          throw error;
        await sleep(100);
      }
    }
  }
}

function problemOf(error: unknown): string | undefined {
  const problem = error instanceof Error && 'problem' in error ? error.problem : undefined;
  return typeof problem === 'string' ? problem : undefined;
}

function messageTo(offices: string[]): CongressMessage {
  const mark = `restore-${randomBytes(8).toString('hex')}`;
  return {
    version: 1,
    deliverySecret: createDeliverySecret(),
    offices,
    constituent: {
      prefix: 'Dr.',
      firstName: 'Made',
      lastName: 'Up',
      address1: '1 Made-up Street',
      city: 'Springfield',
      state: 'CA',
      zip: '90001',
      email: `${mark}@example.org`,
    },
    message: { subject: 'A subject', body: 'A body', topics: ['Energy'] },
    campaignId: mark,
    proof: null,
  };
}
