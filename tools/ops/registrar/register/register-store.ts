import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { RegistrarError } from '../registrar-error';
import { DurableFiles } from './durable-files';
import { takeLock } from './lock';
import type { Register } from './register';
import { formatRegister, hashOf, parseRegister, unreadable, type LogMark } from './register-file';

export const REGISTER_FILE = 'register.jsonl';
export const LOG_FILE = 'audit.log';
const LOCK_FILE = 'lock';
const MODE = 0o600;
const FOLDER_MODE = 0o700;

/** One line of the audit log: who did what to whom. It has no commitment and no salt. */
export interface LogEntry {
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly by: string;
  readonly command: string;
  readonly changes: readonly object[];
}

/**
 * The register and its audit log in one folder, which one process at a time may open.
 *
 * A change appends a line to the log, then replaces the register file, which records the log's length and hash. After a crash the log may
 * have one line after the recorded length. That change was not made, and the next change overwrites the line. If more lines follow, the
 * register is older than its log, for example restored from a backup, and `open` refuses it.
 */
export class RegisterStore implements Disposable {
  private constructor(
    private readonly folder: string,
    private readonly files: DurableFiles,
    private readonly lock: Disposable,
    private current: Register,
    private mark: LogMark,
    /** Whether the log ends with the line of a change that was not made. */
    readonly interrupted: boolean,
  ) {}

  /**
   * Makes a folder with an empty register.
   * @throws RegistrarError `ERR_REGISTRAR_STATE` if the folder has a register, `ERR_REGISTRAR_LOCKED` while another process has it open,
   * `ERR_REGISTRAR_UNREADABLE` if the folder has only the log of a lost register
   */
  static create(folder: string, register: Register, entry: LogEntry, files = new DurableFiles()): RegisterStore {
    files.makeFolder(folder, FOLDER_MODE);
    const lock = takeLock(join(folder, LOCK_FILE));
    try {
      if (files.list(folder).includes(REGISTER_FILE))
        throw new RegistrarError('ERR_REGISTRAR_STATE', `there is a register in ${folder}`);
      refuseOrphanedLog(folder, files);
      const store = new RegisterStore(folder, files, lock, register, { bytes: 0, sha256: hashOf(Buffer.of()) }, false);
      store.save(register, entry);
      return store;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * @throws RegistrarError `ERR_REGISTRAR_STATE` if there is no register, `ERR_REGISTRAR_LOCKED` while another process has it open,
   * `ERR_REGISTRAR_UNREADABLE` if the register or the log is damaged or was edited, or the register is older than its log
   */
  static open(folder: string, files = new DurableFiles()): RegisterStore {
    if (!files.list(folder).includes(REGISTER_FILE)) {
      refuseOrphanedLog(folder, files);
      throw new RegistrarError('ERR_REGISTRAR_STATE', `there is no register in ${folder}: make one with init`);
    }
    const lock = takeLock(join(folder, LOCK_FILE));
    try {
      const { register, log: mark } = parseRegister(files.read(join(folder, REGISTER_FILE)) ?? Buffer.of());
      const rest = restOfLog(files.read(join(folder, LOG_FILE)) ?? Buffer.of(), mark);
      return new RegisterStore(folder, files, lock, register, mark, rest.length > 0);
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Opens a register that was restored from a backup. Changes since the backup are unknown, so a new log begins; the existing log is kept
   * under another name.
   * @param change returns the register to continue with
   */
  static adopt(
    folder: string,
    change: (register: Register) => Register,
    entry: LogEntry,
    files = new DurableFiles(),
  ): RegisterStore {
    const lock = takeLock(join(folder, LOCK_FILE));
    try {
      const { register } = parseRegister(files.read(join(folder, REGISTER_FILE)) ?? Buffer.of());
      const log = join(folder, LOG_FILE);
      if (files.read(log) !== null) files.rename(log, `${log}.until-${entry.time.replaceAll(/[:.]/g, '-')}`);
      const none = { bytes: 0, sha256: hashOf(Buffer.of()) };
      const store = new RegisterStore(folder, files, lock, register, none, false);
      store.save(change(register), entry);
      return store;
    } catch (error) {
      lock[Symbol.dispose]();
      throw error;
    }
  }

  get register(): Register {
    return this.current;
  }

  /** The lines of the log, the oldest first. */
  *log(): Generator<string> {
    const bytes = this.files.read(join(this.folder, LOG_FILE)) ?? Buffer.of();
    yield* bytes.subarray(0, this.mark.bytes).toString().split('\n').slice(0, -1);
  }

  /** The change is durable when this returns. */
  save(register: Register, entry: LogEntry): void {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    const path = join(this.folder, LOG_FILE);
    const before = (this.files.read(path) ?? Buffer.of()).subarray(0, this.mark.bytes);
    const mark = {
      bytes: before.length + line.length,
      sha256: createHash('sha256').update(before).update(line).digest('hex'),
    };
    this.files.append(path, before.length, line, MODE);
    this.files.replace(join(this.folder, REGISTER_FILE), formatRegister(register, mark), MODE);
    this.current = register;
    this.mark = mark;
  }

  [Symbol.dispose](): void {
    this.lock[Symbol.dispose]();
  }
}

/** Throws if there is a log, but no register. A log of one line is allowed, because an interrupted `init` leaves one. */
function refuseOrphanedLog(folder: string, files: DurableFiles): void {
  const log = files.read(join(folder, LOG_FILE)) ?? Buffer.of();
  if (log.indexOf('\n') !== log.lastIndexOf('\n')) throw unreadable(`there is ${LOG_FILE}, but no ${REGISTER_FILE}`);
}

/** The bytes after the recorded length: at most one line, which an interrupted change left. @throws RegistrarError */
function restOfLog(log: Buffer, { bytes, sha256 }: LogMark): Buffer {
  if (log.length < bytes || hashOf(log.subarray(0, bytes)) !== sha256)
    throw unreadable(`${LOG_FILE} is not the log that belongs to it: it is damaged, or one of the two was edited`);
  const rest = log.subarray(bytes);
  const end = rest.indexOf('\n');
  if (end >= 0 && end < rest.length - 1)
    throw unreadable(`it is older than ${LOG_FILE}; docs/operator/registrar.md tells how to continue after a restore`);
  return rest;
}
