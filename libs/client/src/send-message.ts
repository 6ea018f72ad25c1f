import { MESSAGE_ID_BYTES, messageIdToText, type CongressMessage, type MessageView } from '@communique-tee/protocol';
import type { DuplicateRisk, Message, SendOptions, SendResult, SendState, Sending } from './api';
import { aboutMessage, asClientError } from './as-client-error';
import type { AttestedKeys } from './attested-keys';
import { isSameKey, type EnclaveKey, type TrustPolicy } from './enclave-key';
import { checkedMessage } from './checked-message';
import {
  chambersWithoutDeduplication,
  sharedChambersWithoutDeduplication,
  recognizingChambers,
} from './duplicate-risk';
import { ClientError, type WhetherSent } from './errors';
import { followToEnd } from './follow';
import { keptOf } from './kept';
import { postUntilAnswered } from './post';
import { prepareMessage, type PreparedMessage } from './prepare';
import { attestedResidence, prepareProven } from './proven';
import { unlessAborted } from './retry';
import { startSending } from './sending';

const POST_TIMEOUT_MS = 120_000;
const MAX_POSTS = 12;
const STATUS_SECRET_BYTES = 32;

export interface Sender {
  readonly gateway: URL;
  readonly trust: TrustPolicy;
  readonly keys: AttestedKeys;
  /** @throws ClientError `token_unavailable` */
  readonly token: () => Promise<string>;
}

/** Starts at once. Every failure rejects `result`. */
export function sendMessage(sender: Sender, message: Message, options: SendOptions): Sending {
  const id = messageIdToText(crypto.getRandomValues(new Uint8Array(MESSAGE_ID_BYTES)));
  return startSending(id, options.onState, (tell) => new Way(sender, id, options, tell).go(message));
}

type Delivered = SendResult & { readonly key: EnclaveKey };

/** Sends one message, from its check to its end. */
class Way {
  /** Stays `accepted` when the message is sealed again, because the gateway has the first sealed message. */
  private sent: WhetherSent = 'not_sent';
  /** Stays the same when the message is proven and sealed again. */
  private readonly statusSecret = crypto.getRandomValues(new Uint8Array(STATUS_SECRET_BYTES));

  constructor(
    private readonly sender: Sender,
    private readonly id: string,
    private readonly options: SendOptions,
    private readonly tell: (state: SendState) => void,
  ) {}

  async go(message: Message): Promise<SendResult> {
    try {
      const content = checkedMessage(message);
      const key = await this.acceptedKey('sending', (each) => {
        attestedResidence(each, this.options.residence);
        return orNull(sharedChambersWithoutDeduplication(content.offices, each));
      });
      if (key === undefined)
        throw new ClientError('duplicate_not_accepted', 'an office might get the message twice; nothing was sent');
      const first = await this.deliver(content, key, false);
      const result = first.status === 'key_retired' ? await this.sealAgain(content, first) : first;
      this.tell({ step: 'ended', result });
      return result;
    } catch (thrown) {
      const error = asClientError(thrown, this.options.signal);
      throw aboutMessage(error, this.id, this.sent);
    }
  }

  /**
   * Seals the message again, once, under the same id and delivery secret. `key_retired` is only the gateway's claim: an enclave may have
   * opened and delivered the message. A chamber that recognizes the DeliveryId delivers no second copy. If a chamber does not recognize
   * it, or if the message has to be proven again, the person decides.
   */
  private async sealAgain(content: CongressMessage, first: Delivered): Promise<SendResult> {
    this.sender.keys.forget(first.key);
    const key = await this.acceptedKey('sending_again', (each) => {
      if (isSameKey(each, first.key)) return null;
      const chambers = chambersWithoutDeduplication(content.offices, [first.key, each].map(recognizingChambers));
      return this.options.residence === undefined ? orNull(chambers) : chambers;
    });
    // If the enclave still attests the first key, a message that is sealed to it again would end the same way.
    return key === undefined || isSameKey(key, first.key) ? first : this.deliver(content, key, true);
  }

  /**
   * Returns the key to seal to. A person may take hours to answer, so after each answer `attest` replaces a key that became too old.
   * @param chambersOf returns the chambers whose offices may get the message twice under a key; null if the caller need not be asked
   * @returns undefined if the caller does not accept a possible second copy
   */
  private async acceptedKey(
    when: DuplicateRisk['when'],
    chambersOf: (key: EnclaveKey) => DuplicateRisk['chambers'] | null,
  ): Promise<EnclaveKey | undefined> {
    let hasAsked = false;
    const accepted = new Set<DuplicateRisk['chambers'][number]>();
    for (;;) {
      const key = await this.attest();
      const chambers = chambersOf(key);
      if (chambers === null || (hasAsked && chambers.every((chamber) => accepted.has(chamber)))) return key;
      if (!(await this.isAccepted(when, chambers))) return undefined;
      hasAsked = true;
      for (const chamber of chambers) accepted.add(chamber);
    }
  }

  /** Whether the caller accepts that offices of these chambers may get the message twice. */
  private async isAccepted(when: DuplicateRisk['when'], chambers: DuplicateRisk['chambers']): Promise<boolean> {
    const { confirmPossibleDuplicate, signal } = this.options;
    const answer: unknown = await unlessAborted(
      Promise.resolve(confirmPossibleDuplicate?.({ when, chambers }) ?? false),
      signal,
    );
    return answer === true;
  }

  private attest(): Promise<EnclaveKey> {
    return this.sender.keys.attest({ signal: this.options.signal, onState: this.tell });
  }

  private async deliver(content: CongressMessage, key: EnclaveKey, resealed: boolean): Promise<Delivered> {
    if (resealed) this.tell({ step: 'resealing' });
    const prepared = await this.prepare(content, key);
    const { gateway } = this.sender;
    const kept = keptOf(prepared, gateway, this.sent === 'accepted');
    this.tell({ step: 'sealed', id: this.id, sealed: prepared.proven?.envelope ?? prepared.sealed, kept });
    const accepted = await this.post(prepared);
    this.tell({ step: 'accepted', view: accepted, kept: keptOf(prepared, gateway, true) });
    const { view, report } = await followToEnd(prepared, {
      ...this.options,
      sender: this.sender,
      offices: content.offices,
      onState: this.tell,
    });
    return {
      id: this.id,
      status: view.status,
      reason: view.reason,
      report,
      view,
      key,
      sealedSha256: prepared.sealedSha256,
      resealed,
    };
  }

  private async prepare(content: CongressMessage, key: EnclaveKey): Promise<PreparedMessage> {
    const { lifetimeSeconds, residence, signal } = this.options;
    const { gateway, keys } = this.sender;
    const nowSeconds = () => keys.nowSeconds(key);
    const options = {
      id: this.id,
      nowSeconds: nowSeconds(),
      ...(lifetimeSeconds !== undefined && { lifetimeSeconds }),
    };
    const attested = attestedResidence(key, residence);
    return residence === undefined || attested === null
      ? prepareMessage(content, key, options)
      : prepareProven(content, key, {
          ...options,
          attested,
          residence,
          gateway,
          statusSecret: this.statusSecret,
          nowSeconds,
          signal,
          onState: this.tell,
        });
  }

  private async post(prepared: PreparedMessage): Promise<MessageView> {
    const { signal, postTimeoutMs = POST_TIMEOUT_MS } = this.options;
    const { gateway, token } = this.sender;
    const isWithout = prepared.proven !== undefined && this.options.residence?.withToken !== true;
    const view = await postUntilAnswered(prepared, {
      gateway,
      token: isWithout ? null : token,
      signal,
      budgetMs: postTimeoutMs,
      maxAttempts: MAX_POSTS,
      before: this.sent,
      onState: this.tell,
    });
    this.sent = 'accepted';
    return view;
  }
}

function orNull<T>(chambers: readonly T[]): readonly T[] | null {
  return chambers.length === 0 ? null : chambers;
}
