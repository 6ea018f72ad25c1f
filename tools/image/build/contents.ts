import type { CpioInput } from '@communique-tee/eif';

export interface Contents {
  /** The static program for process number 1. */
  init: string;
  node: string;
  /** `path` is the path in the image without a slash at its beginning, and `file` the file on this machine. */
  libraries: readonly { path: string; file: string }[];
  /** The enclave's bundle, and koffi's native part beside it. */
  bundle: string;
  koffi: string;
  /** The stack's configuration, unchanged. */
  configuration: Uint8Array;
}

/** Returns the first ramdisk (in PCR1): init, which the kernel starts, and the folders on which it mounts. */
export function bootRamdisk({ init }: Contents): CpioInput[] {
  return [
    ...['dev', 'proc', 'run', 'sys', 'tmp'].map((name) => folder(name)),
    // The kernel opens this device for init before devtmpfs is mounted.
    { kind: 'characterDevice', name: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    file('init', 0o555, init),
  ];
}

/** Returns the second ramdisk (in PCR2): Node with its libraries, the app and the stack's configuration. None of its files is writable. */
export function appRamdisk({ node, libraries, bundle, koffi, configuration }: Contents): CpioInput[] {
  const files: CpioInput[] = [
    file('usr/bin/node', 0o555, node),
    ...libraries.map((library) => file(library.path, 0o555, library.file)),
    file('app/main.js', 0o444, bundle),
    file('app/koffi.node', 0o444, koffi),
    { kind: 'file', name: 'etc/communique-tee/enclave.json', mode: 0o444, content: configuration },
  ];
  return [...foldersOf(files), ...files];
}

const folder = (name: string): CpioInput => ({ kind: 'directory', name, mode: 0o555 });
const file = (name: string, mode: number, path: string): CpioInput => ({ kind: 'file', name, mode, content: { path } });

function foldersOf(files: readonly CpioInput[]): CpioInput[] {
  const names = new Set<string>();
  for (const { name } of files)
    for (let end = name.indexOf('/'); end !== -1; end = name.indexOf('/', end + 1)) names.add(name.slice(0, end));
  return [...names].sort().map((name) => folder(name));
}
