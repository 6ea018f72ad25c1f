import {
  encodeAnswer,
  encodeSealedAnswer,
  messageIdToText,
  toBase64Url,
  type Answer,
  type RelayAnswer,
} from '@communique-tee/protocol';
import { commitToOffice } from '@communique-tee/receipts';
import { signReceipt } from '@communique-tee/receipts/node';
import type { Clock } from '../../runtime/clock';
import type { OfficeResult } from './cwc/judge-answer';
import type { HeldKey } from '../../identity/keys/key-ring';
import { officeSalt } from './office-commitment';
import type { OpenedMessage, SealedForm } from './sealed-form';

export interface Delivered {
  office: string;
  deliveryId: string | null;
  result: OfficeResult;
}

/** What the enclave knows about a message after an attempt. */
export interface Report {
  message: Pick<SealedForm, 'messageId' | 'suite'>;
  /** Hash of the sealed message in CBOR, 32 bytes. */
  sealedSha256: Uint8Array;
  sealAnswer: OpenedMessage['sealAnswer'];
  /** 32 bytes; random if the message could not be read. */
  deliverySecret: Uint8Array;
  offices: readonly Delivered[];
  /** The wait until all pending copies may be tried again; null if none is pending, or all pending ones were withheld. */
  waitMs: number | null;
  /** How many pending copies were not sent because of the gateway's claim of an earlier attempt. */
  withheld: number;
  problems: Answer['problems'];
}

/**
 * Turns a report into a public signed receipt and a sealed answer that opens the receipt's commitments. With the receipt comes the
 * attestation document that binds the receipt key to the message's sealing key.
 */
export class Reporter {
  constructor(private readonly clock: Clock) {}

  /** Resolves if a receipt can be made under this key; rejects if the NSM gives no document for the key. */
  async ready({ documents }: HeldKey): Promise<void> {
    await documents.forReceipt();
  }

  async report(
    { keys, documents }: HeldKey,
    { message, sealedSha256, sealAnswer, deliverySecret, offices, waitMs, withheld, problems }: Report,
  ): Promise<RelayAnswer> {
    const document = await documents.forReceipt();
    const time = Math.floor(this.clock.nowMs() / 1000);
    const salted = offices.map((delivered) => ({
      ...delivered,
      salt: officeSalt(deliverySecret, message.messageId, time, delivered.office),
    }));
    const receipt = signReceipt(
      {
        v: 2,
        message_id: messageIdToText(message.messageId),
        sealed_sha256: toBase64Url(sealedSha256),
        suite: message.suite,
        offices: salted.map(({ salt, office, result }) => ({
          commitment: toBase64Url(commitToOffice(salt, office)),
          outcome: result.outcome,
        })),
        time,
        pcr0: document.pcr0,
        attestation_sha256: toBase64Url(document.sha256),
      },
      keys.receiptPrivateKey,
    );
    const answer = encodeAnswer({
      version: 1,
      messageId: message.messageId,
      time,
      offices: salted.map(({ office, salt, deliveryId, result: { outcome, reason, detail } }) => ({
        office,
        salt,
        outcome,
        deliveryId,
        reason,
        detail,
      })),
      problems,
    });
    return {
      state: waitMs === null && withheld === 0 ? 'final' : 'pending',
      retryAfterSeconds: waitMs === null ? null : Math.max(1, Math.ceil(waitMs / 1000)),
      withheld,
      receipt,
      attestationDocument: document.bytes,
      answer: encodeSealedAnswer(sealAnswer(answer)),
    };
  }
}
