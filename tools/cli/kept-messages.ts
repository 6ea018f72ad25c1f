import { keptMessageSchema, keptOf, type KeptMessage, type PreparedMessage } from '@communique-tee/client';
import {
  CHAMBER_KEYS,
  MESSAGE_STATUSES,
  MESSAGE_ID_PATTERN,
  decodeEnvelope,
  decodeSealedMessage,
  encodeSealedMessage,
  fromBase64Url,
  messageIdToText,
  toBase64Url,
  type Chamber,
  type MessageStatus,
} from '@communique-tee/protocol';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { makeFolder } from '@communique-tee/command-line';
import * as z from 'zod';
import { measurementSetSchema } from './measurements';
import type { KeptTrust } from './trust';
import { Failure, messageOf } from './failure';
import { readJsonFile } from './files';

/** The largest file: the largest sealed message in base64url, and everything stored beside it. */
const MAX_BYTES = 512 * 1024;

const measurementsSchema = z.tuple([measurementSetSchema], measurementSetSchema);

const schema = z.strictObject({
  v: z.literal(6),
  /** Unix milliseconds. */
  sealedAt: z.int().min(0),
  /** How the message ended; null until `status` or `send --wait` has seen that. */
  ended: z.enum(MESSAGE_STATUSES).nullable(),
  /** The client library resumes the message from this; its key opens only the enclave's answer. */
  kept: keptMessageSchema,
  /** The sealed message in CBOR, base64url: the bytes to post, and to post again. */
  sealed: z.string(),
  /** The envelope that is posted in place of `sealed` if the message has a proof of residence, base64url. */
  envelope: z.string().nullable(),
  /** 32 bytes in base64url. If the message is sealed again with this secret and the same id, its DeliveryIds stay the same. */
  deliverySecret: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** Chambers that recognize a repeated message, according to every enclave to which the message was sealed. */
  recognizing: z.array(z.enum(CHAMBER_KEYS as [Chamber, ...Chamber[]])),
  /** The sender's policy, so that the receipt is verified under the same policy. */
  trust: z.strictObject({
    measurements: measurementsSchema,
    custody: z.array(z.string()).optional(),
    developmentRootPem: z.string().optional(),
  }),
});

/** A stored message. Its text is stored only in sealed form. */
export interface StoredMessage {
  readonly sealedAtMs: number;
  /** Null until a command has seen the end. */
  readonly ended: MessageStatus | null;
  readonly kept: KeptMessage;
  readonly prepared: PreparedMessage;
  /** 32 bytes. */
  readonly deliverySecret: Uint8Array;
  readonly recognizing: readonly Chamber[];
  readonly trust: KeptTrust;
}

/** What `list` shows of one message. */
export interface ListedMessage {
  readonly id: string;
  readonly sealedAtMs: number;
  readonly expiresAtMs: number;
  readonly gateway: URL;
  readonly ended: MessageStatus | null;
  /** The nullifier in base64url of a proven message that the gateway accepted; otherwise null. */
  readonly accepted: string | null;
}

/** A folder with one file for each message, readable only by the owner. */
export class KeptMessages {
  readonly folder: string;

  constructor(folder: string | undefined, environment: Readonly<Record<string, string | undefined>>) {
    const base = environment['XDG_STATE_HOME'] ?? '';
    this.folder = folder ?? join(base.startsWith('/') ? base : join(homedir(), '.local', 'state'), 'communique-tee');
  }

  /** Returns the path of a message's file. @throws Failure `usage` unless the id is a UUID */
  fileOf(id: string): string {
    if (!MESSAGE_ID_PATTERN.test(id))
      throw new Failure('usage', 'a message id is a UUID in lower case, as send prints it');
    return join(this.folder, `${id}.json`);
  }

  /**
   * Stores a message. `send` calls this before it posts the message, because the answer cannot be opened without the stored key. It calls
   * this again when the gateway has accepted the message.
   * @throws Failure `file_unwritable`
   */
  keep({ sealedAtMs, ended, kept, prepared, deliverySecret, recognizing, trust }: StoredMessage): string {
    const file = this.fileOf(prepared.id);
    const value: z.input<typeof schema> = {
      v: 6,
      sealedAt: sealedAtMs,
      ended,
      kept,
      sealed: toBase64Url(prepared.sealed),
      envelope: prepared.proven === undefined ? null : toBase64Url(prepared.proven.envelope),
      deliverySecret: toBase64Url(deliverySecret),
      recognizing: [...recognizing],
      trust: {
        measurements: measurementsSchema.parse(trust.measurements),
        ...(trust.custody && { custody: [...trust.custody] }),
        ...(trust.developmentRootPem !== undefined && { developmentRootPem: trust.developmentRootPem }),
      },
    };
    try {
      makeFolder(this.folder, 0o700);
      chmodSync(this.folder, 0o700);
      // Write another file and rename it, so that a crash never leaves a partial file
      const temporary = `${file}.${String(process.pid)}`;
      writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
      renameSync(temporary, file);
    } catch (cause) {
      throw new Failure(
        'file_unwritable',
        `the key to the answer cannot be stored in ${this.folder}: ${messageOf(cause)}`,
        cause,
      );
    }
    return file;
  }

  /** Notes how a message ended, for `list`. @throws Failure `file_unwritable` */
  noteEnd(stored: StoredMessage, ended: MessageStatus): void {
    // Another process may have removed the file.
    if (stored.ended !== ended && existsSync(this.fileOf(stored.prepared.id))) this.keep({ ...stored, ended });
  }

  /** @throws Failure `usage`, `message_unknown`, `state_broken`, `file_unreadable` */
  find(id: string): StoredMessage {
    const file = this.fileOf(id);
    if (!existsSync(file))
      throw new Failure(
        'message_unknown',
        `no data of ${id} is stored in ${this.folder}: it was sent from elsewhere, or with another --state; the command list shows the stored messages`,
      );
    try {
      const { sealedAt, ended, kept, sealed, envelope, deliverySecret, recognizing, trust } = schema.parse(
        readJsonFile(file, MAX_BYTES),
      );
      const bytes = fromBase64Url(sealed);
      const message = decodeSealedMessage(bytes);
      const prepared = {
        id,
        message,
        sealed: bytes,
        sealedSha256: new Uint8Array(createHash('sha256').update(bytes).digest()),
        answerKey: fromBase64Url(kept.answerKey),
        ...provenOf(envelope, kept),
      };
      const canonical = encodeSealedMessage(message);
      // `sealed` and `kept` must be of the same message: check that id, key, expiry and hash agree.
      if (
        Buffer.compare(canonical, bytes) !== 0 ||
        (envelope !== null && !isDeepStrictEqual(decodeEnvelope(fromBase64Url(envelope)).sealed, message)) ||
        messageIdToText(message.messageId) !== id ||
        !isDeepStrictEqual(keptOf(prepared, new URL(kept.gateway), kept.accepted), kept)
      )
        throw new RangeError('another message');
      return {
        sealedAtMs: sealedAt,
        ended,
        kept,
        prepared,
        deliverySecret: fromBase64Url(deliverySecret),
        recognizing,
        trust: {
          measurements: trust.measurements,
          custody: trust.custody,
          developmentRootPem: trust.developmentRootPem,
        },
      };
    } catch (cause) {
      if (cause instanceof Failure && cause.code === 'file_unreadable') throw cause;
      // The cause is left out, because it could quote the file, which contains a key.
      throw new Failure('state_broken', `${file} is damaged or changed: the answer cannot be opened with it`);
    }
  }

  /** Returns the kept messages, the latest first, and the files that are damaged. @throws Failure `file_unreadable` */
  list(): { readonly messages: readonly ListedMessage[]; readonly broken: readonly string[] } {
    const messages: ListedMessage[] = [];
    const broken: string[] = [];
    for (const id of this.ids()) {
      const file = this.fileOf(id);
      try {
        const { sealedAtMs, ended, kept, prepared } = this.find(id);
        messages.push({
          id,
          sealedAtMs,
          expiresAtMs: prepared.message.expiresAtSeconds * 1000,
          gateway: new URL(kept.gateway),
          ended,
          accepted: kept.accepted ? kept.nullifier : null,
        });
      } catch (error) {
        // A file that another process has removed is skipped.
        if (error instanceof Failure && error.code === 'state_broken') broken.push(file);
        else if (existsSync(file)) throw error;
      }
    }
    messages.sort((a, b) => b.sealedAtMs - a.sealedAtMs || a.id.localeCompare(b.id));
    return { messages, broken };
  }

  /**
   * Returns the id of an accepted message with this nullifier: a message of the same person in the same campaign. Undefined if there is
   * none.
   * @param except the id of the message that is sealed again; it is skipped
   * @throws Failure `file_unreadable`
   */
  acceptedWith(nullifier: Uint8Array, except: string | undefined): string | undefined {
    const text = toBase64Url(nullifier);
    return this.list().messages.find(({ id, accepted }) => accepted === text && id !== except)?.id;
  }

  private ids(): string[] {
    if (!existsSync(this.folder)) return [];
    try {
      return readdirSync(this.folder)
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length))
        .filter((id) => MESSAGE_ID_PATTERN.test(id));
    } catch (cause) {
      throw new Failure('file_unreadable', `${this.folder} cannot be read: ${messageOf(cause)}`, cause);
    }
  }

  /** @throws Failure `usage`, `message_unknown`, `file_unwritable` */
  forget(id: string): void {
    const file = this.fileOf(id);
    if (!existsSync(file)) throw new Failure('message_unknown', `no data of ${id} is stored in ${this.folder}`);
    try {
      rmSync(file);
    } catch (cause) {
      throw new Failure('file_unwritable', `${file} cannot be removed: ${messageOf(cause)}`, cause);
    }
  }
}

/** Returns nothing for a message without a proof. @throws RangeError if only one of envelope and status secret is set */
function provenOf(envelope: string | null, { statusSecret }: KeptMessage): Pick<PreparedMessage, 'proven'> {
  if ((envelope === null) !== (statusSecret === null)) throw new RangeError('half a proof');
  if (envelope === null || statusSecret === null) return {};
  return { proven: { envelope: fromBase64Url(envelope), statusSecret: fromBase64Url(statusSecret) } };
}
