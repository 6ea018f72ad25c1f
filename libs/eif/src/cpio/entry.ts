import { EifError } from '../errors';
import type { ByteSource } from '../io/byte-source';

/**
 * An entry of a ramdisk. Names are relative to the root, without `/` at the beginning or end ("etc/hosts"). The archive gives every entry
 * owner root, time 0 and a link count of 1.
 */
export type CpioInput =
  | { readonly kind: 'directory'; readonly name: string; readonly mode: number }
  | { readonly kind: 'file'; readonly name: string; readonly mode: number; readonly content: ByteSource }
  | { readonly kind: 'symlink'; readonly name: string; readonly target: string }
  | {
      readonly kind: 'characterDevice';
      readonly name: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

/** File types of st_mode (POSIX sys/stat.h; initramfs-buffer-format of the kernel's documentation). */
export const fileTypes = { directory: 0o040000, file: 0o100000, symlink: 0o120000, characterDevice: 0o020000 } as const;
export const typeMask = 0o170000;

/** PATH_MAX (4096) less the final NUL: the kernel skips entries with longer names (init/initramfs.c, do_header). */
export const maxNameBytes = 4095;
export const trailerName = 'TRAILER!!!';

/**
 * Checks each entry's name, folders and mode, but not its content.
 * @returns the entries in the order of their names.
 * @throws EifError ERR_CPIO_NAME, ERR_CPIO_ENTRY, ERR_CPIO_PARENT, ERR_CPIO_DUPLICATE
 */
export function sortEntries(entries: Iterable<CpioInput>): CpioInput[] {
  const named = Array.from(entries, (entry) => ({ entry, key: Buffer.from(entry.name) })).sort((a, b) =>
    Buffer.compare(a.key, b.key),
  );
  const kinds = new Map<string, CpioInput['kind']>();
  for (const { entry } of named) {
    checkName(entry.name);
    checkEntry(entry);
    if (kinds.has(entry.name)) throw new EifError('ERR_CPIO_DUPLICATE', entry.name);
    kinds.set(entry.name, entry.kind);
    // A folder comes before its content, because its name is a prefix.
    const parent = entry.name.slice(0, Math.max(entry.name.lastIndexOf('/'), 0));
    if (parent !== '' && kinds.get(parent) !== 'directory') throw new EifError('ERR_CPIO_PARENT', entry.name);
  }
  return named.map(({ entry }) => entry);
}

/** @throws EifError ERR_CPIO_NAME */
export function checkName(name: string): void {
  const inside = name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (
    !inside ||
    name.includes('\0') ||
    !name.isWellFormed() ||
    Buffer.byteLength(name) > maxNameBytes ||
    name === trailerName
  )
    throw new EifError('ERR_CPIO_NAME', JSON.stringify(name.slice(0, 200)));
}

function checkEntry(entry: CpioInput): void {
  const wrong = (why: string) => new EifError('ERR_CPIO_ENTRY', `${JSON.stringify(entry.name)}: ${why}`);
  if (entry.kind === 'symlink') {
    const bytes = Buffer.byteLength(entry.target);
    if (bytes === 0 || bytes > maxNameBytes || entry.target.includes('\0') || !entry.target.isWellFormed())
      throw wrong('the target of the link');
    return;
  }
  // Neither setuid nor setgid is allowed. The sticky bit is allowed for folders such as /tmp.
  const allowed = entry.kind === 'directory' ? 0o1777 : 0o777;
  if (!Number.isInteger(entry.mode) || entry.mode < 0 || (entry.mode & ~allowed) !== 0)
    throw wrong(`mode 0${entry.mode.toString(8)}`);
  if (entry.kind === 'characterDevice') {
    for (const number of [entry.major, entry.minor])
      if (!Number.isInteger(number) || number < 0 || number > 0xfffff) throw wrong('the numbers of the device');
  }
}
