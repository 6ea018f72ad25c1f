import * as nodeFs from 'node:fs';
import type { FileSystem } from '../register/durable-files';

/** Thrown where a real process would be killed. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

const CHANGES = new Set(['ftruncateSync', 'linkSync', 'mkdirSync', 'openSync', 'renameSync', 'rmSync', 'writeSync']);

/**
 * A file system that makes `calls` changes and then ends the process by `die`. Without `die`, every later call throws `Killed`. If the
 * process ends at a write, only half of the bytes are written.
 */
export function dyingFileSystem(calls: number, die?: () => never): FileSystem & { readonly isDead: () => boolean } {
  let left = calls;
  let dead = false;
  const end = (): never => {
    dead = true;
    if (die !== undefined) return die();
    throw new Killed('the process was killed');
  };
  const fs = new Proxy(nodeFs, {
    get: (target, name, receiver) => {
      const real: unknown = Reflect.get(target, name, receiver);
      if (name === 'isDead') return () => dead;
      if (typeof real !== 'function') return real;
      return (...args: unknown[]): unknown => {
        // Let files be closed, as the kernel does for a killed process.
        if (name === 'closeSync') return Reflect.apply(real, target, args) as unknown;
        if (dead) throw new Killed('the process was killed');
        if (CHANGES.has(String(name)) && --left < 0) {
          if (name === 'writeSync') {
            const [file, bytes, offset, length, position] = args as [number, Uint8Array, number, number, number];
            nodeFs.writeSync(file, bytes, offset, Math.floor(length / 2), position);
          }
          return end();
        }
        return Reflect.apply(real, target, args) as unknown;
      };
    },
  });
  return fs as unknown as FileSystem & { readonly isDead: () => boolean };
}
