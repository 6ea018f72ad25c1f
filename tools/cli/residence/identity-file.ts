import type { ListPath, Registration } from '@communique-tee/client';
import { fromHex, RESIDENCE_ID_PATTERN, toHex } from '@communique-tee/protocol';
import { makeFolder } from '@communique-tee/command-line';
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { Failure, messageOf } from '../failure';
import { readJsonFile } from '../files';
import { KeptMessages } from '../kept-messages';

const MAX_BYTES = 64 * 1024;
const hex = z.string().regex(/^[0-9a-f]{64}$/);

const schema = z.strictObject({
  v: z.literal(1),
  secret: hex,
  registration: z
    .strictObject({
      version: z.literal(1),
      registrar: z.string().regex(RESIDENCE_ID_PATTERN),
      district: z.string().regex(/^[0-9]{3}-[A-Z]{2}-[0-9]{2}$/),
      salt: hex,
      index: z
        .int()
        .min(0)
        .max(2 ** 20 - 1),
    })
    .nullable(),
  list: z
    .strictObject({
      version: z.literal(1),
      fetchedAt: z.int(),
      rootNote: z.string().max(600),
      siblings: z.array(hex).length(20),
    })
    .nullable(),
});

/** What a person needs to prove residence. */
export interface Identity {
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** Null until the registrar has answered. */
  readonly registration: Registration | null;
  /** The part of the registrar's list that this person needs, as it was last read. */
  readonly list: ListPath | null;
}

/** One file with one secret, readable only by its owner, in the folder of the stored messages. */
export class IdentityFile {
  readonly path: string;

  constructor(folder: string | undefined, environment: Readonly<Record<string, string | undefined>>) {
    this.path = join(new KeptMessages(folder, environment).folder, 'residence.json');
  }

  /**
   * Returns the stored identity; undefined if there is none.
   * @throws Failure `state_broken`, `file_unreadable`
   */
  read(): Identity | undefined {
    return existsSync(this.path) ? readIdentity(this.path) : undefined;
  }

  /** Returns the identity with its registration. @throws Failure `not_registered`, `state_broken`, `file_unreadable` */
  registered(): Identity & { readonly registration: Registration } {
    const identity = this.read();
    if (identity === undefined)
      throw new Failure('not_registered', `there is no secret in ${this.path}: make one with register`);
    const { registration } = identity;
    if (registration === null)
      throw new Failure('not_registered', 'the answer of the registrar is missing: register --registration <file>');
    return { ...identity, registration };
  }

  /**
   * Stores a new identity, and never replaces another one: the registrar knows only the commitment of the first secret.
   * @throws Failure `already_registered`, `file_unwritable`
   */
  create(identity: Identity): void {
    this.write(this.path, identity, 'another secret is stored there already');
  }

  /** Replaces the stored data of the same secret, atomically. @throws Failure `file_unwritable` */
  update(identity: Identity): void {
    const half = `${this.path}.${String(process.pid)}`;
    rmSync(half, { force: true });
    this.write(half, identity, 'another process writes it');
    renameSync(half, this.path);
  }

  /** Writes a copy for another machine. @throws Failure `already_registered` if the file exists, `file_unwritable` */
  export(file: string, identity: Identity): void {
    this.write(file, { ...identity, list: null }, 'the file exists');
  }

  private write(path: string, identity: Identity, whyTaken: string): void {
    const { secret, registration, list } = identity;
    const text = `${JSON.stringify({ v: 1, secret: toHex(secret), registration, list }, null, 2)}\n`;
    try {
      if (path.startsWith(this.path)) {
        makeFolder(dirname(path), 0o700);
        chmodSync(dirname(path), 0o700);
      }
      const file = openSync(path, 'wx', 0o600);
      try {
        writeFileSync(file, text);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } catch (cause) {
      if (existsSync(path)) throw new Failure('already_registered', `${path} was not written: ${whyTaken}`);
      throw new Failure('file_unwritable', `the secret cannot be stored in ${path}: ${messageOf(cause)}`);
    }
    const read = readIdentity(path);
    if (!isDeepStrictEqual(read, { ...identity, secret: new Uint8Array(secret) }))
      throw new Failure('file_unwritable', `${path} has other content than was written to it`);
  }
}

/** @throws Failure `state_broken`, `file_unreadable` */
export function readIdentity(path: string): Identity {
  try {
    const { secret, registration, list } = schema.parse(readJsonFile(path, MAX_BYTES));
    return { secret: fromHex(secret), registration, list };
  } catch (cause) {
    if (cause instanceof Failure && cause.code === 'file_unreadable') throw cause;
    // The error does not quote the file, which holds the secret.
    throw new Failure('state_broken', `${path} does not hold a secret as register stores it`);
  }
}
