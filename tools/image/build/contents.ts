import type { CpioInput } from '@communique-tee/eif';

export interface Contents {
  /** Static, PID 1. */
  init: string;
  node: string;
  /** Path in the image, without a slash in front, and the file on this machine. */
  libraries: readonly { path: string; file: string }[];
  /** The enclave's bundle, and koffi's native part beside it. */
  bundle: string;
  koffi: string;
  /** The stack's configuration, word for word. */
  configuration: Uint8Array;
}

/** The first ramdisk (in PCR1): what the kernel starts, and the folders it mounts on. */
export function bootRamdisk({ init }: Contents): CpioInput[] {
  return [
    ...['dev', 'proc', 'run', 'sys', 'tmp'].map((name) => folder(name)),
    // Before devtmpfs is there the kernel opens it for init.
    { kind: 'characterDevice', name: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    file('init', 0o555, init),
  ];
}

/** The second one (in PCR2): Node with its libraries, the app, the stack's configuration. Nothing in it can be written to. */
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
