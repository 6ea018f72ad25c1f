import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Properties } from './wire';

/** One thing that AWS has. */
export interface Thing {
  type: string;
  /** As the provider names it, and takes it for an import. */
  id: string;
  inputs: Properties;
  /** What AWS made up: ARNs, addresses. */
  outputs: Properties;
  /** A secret whose recovery window has begun: gone for reads, while its name stays taken. */
  deleted?: true;
}

/** What AWS has, in a file that outlives each run of Pulumi's CLI and is independent of its state. */
export class World {
  #things: Thing[];

  constructor(readonly file: string) {
    this.#things = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Thing[]) : [];
  }

  get all(): readonly Thing[] {
    return this.#things;
  }

  ofType(type: string): Thing[] {
    return this.#things.filter((thing) => thing.type === type && thing.deleted !== true);
  }

  find(type: string, id: string): Thing | undefined {
    return this.ofType(type).find((thing) => thing.id === id);
  }

  /** Puts a thing in, or in the place of the one with its id: also for a test that does what an operator does in the console. */
  put(thing: Thing): void {
    this.#things = [...this.#things.filter(({ type, id }) => type !== thing.type || id !== thing.id), thing];
    this.#save();
  }

  remove(type: string, id: string): void {
    this.#things = this.#things.filter((thing) => thing.type !== type || thing.id !== id);
    this.#save();
  }

  /** Atomic, so that a killed test leaves a readable file. */
  #save(): void {
    writeFileSync(`${this.file}.new`, JSON.stringify(this.#things, null, 1));
    renameSync(`${this.file}.new`, this.file);
  }
}
