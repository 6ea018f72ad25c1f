import { commitmentOf, fieldFromBigInt, fieldToHex } from '@communique-tee/residence';
import type { World } from '../registrar';
import { DurableFiles, type FileSystem } from '../register/durable-files';
import { systemRandomness } from '../people/change-people';
import type { Request } from '../requests/read-requests';

/** 1 December 2026, in the 119th Congress. */
export const START = Date.UTC(2026, 11, 1) / 1000;
export const DAY = 86_400;

export interface TestWorld extends World {
  /** Moves the clock. */
  pass(seconds: number): void;
}

export function testWorld(fs?: FileSystem): TestWorld {
  let at = START;
  return {
    now: () => at,
    by: 'a spec',
    files: new DurableFiles(fs),
    random: systemRandomness,
    pass: (seconds) => {
      at += seconds;
    },
  };
}

/** The commitment of the made-up secret `of`. */
export const commitment = (of: number): string => fieldToHex(commitmentOf(fieldFromBigInt(BigInt(of))));

export function request(person: string, secret: number, more: Partial<Request> = {}): Request {
  const made = { line: 0, person, commitment: commitment(secret), district: '119-MT-01' };
  return { ...made, name: null, born: null, distinct: false, ...more };
}
