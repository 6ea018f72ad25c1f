import {
  formatSigningKey,
  NoteError,
  parseSigningKey,
  signingKeyOf,
  type SigningKey,
} from '@communique-tee/transparency';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DurableFiles } from '../register/durable-files';
import { RegistrarError } from '../registrar-error';

/** Gateway and enclave accept at most two keys, which is enough while one replaces the other. */
const MAX_KEYS = 2;
const FOLDER = 'keys';
const ENDING = '.signing-key';
const SECRET_MODE = 0o600;
const SECRET_FOLDER_MODE = 0o700;

/** The registrar's signing keys: one file each, which only its owner may read and which is never overwritten. */
export class SigningKeys {
  private readonly folder: string;

  constructor(
    folder: string,
    private readonly registrar: string,
    private readonly files: DurableFiles,
  ) {
    this.folder = join(folder, FOLDER);
  }

  /** @throws RegistrarError `ERR_REGISTRAR_STATE` if there are two already */
  make(): SigningKey {
    if (this.ids().length >= MAX_KEYS)
      throw new RegistrarError(
        'ERR_REGISTRAR_STATE',
        `there are two keys already: when no gateway and no enclave names the old one, delete its file in ${this.folder}`,
      );
    const key = signingKeyOf(this.registrar, randomBytes(32));
    this.files.makeFolder(this.folder, SECRET_FOLDER_MODE);
    this.files.create(this.pathOf(key.keyId), Buffer.from(`${formatSigningKey(key)}\n`), SECRET_MODE);
    return key;
  }

  /** The ids of the keys, 8 hex digits each. */
  ids(): string[] {
    const names = this.files.list(this.folder).filter((name) => name.endsWith(ENDING));
    return names.map((name) => name.slice(0, -ENDING.length)).sort();
  }

  /** @throws RegistrarError `ERR_REGISTRAR_UNREADABLE` */
  read(keyId: string): SigningKey {
    const bytes = this.files.read(this.pathOf(keyId));
    if (bytes === null)
      throw new RegistrarError('ERR_REGISTRAR_UNREADABLE', `there is no signing key ${keyId} in ${this.folder}`);
    try {
      const key = parseSigningKey(bytes.toString().replace(/\n$/, ''));
      if (key.name === this.registrar && key.keyId === keyId) return key;
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
    }
    throw new RegistrarError('ERR_REGISTRAR_UNREADABLE', `${this.pathOf(keyId)} is not the signing key of its name`);
  }

  private pathOf(keyId: string): string {
    return join(this.folder, `${keyId}${ENDING}`);
  }
}
