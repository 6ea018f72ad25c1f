import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Properties } from './wire';

/** One resource that AWS has. */
export interface Thing {
  type: string;
  /** The id in the provider's form. */
  id: string;
  inputs: Properties;
  /** The values that AWS chose: ARNs, addresses. */
  outputs: Properties;
  /** Set for a secret whose recovery window has begun: it cannot be read, and its name stays taken. */
  deleted?: true;
}

/** All resources that AWS has. They are in a file that outlives each run of Pulumi's CLI and is independent of Pulumi's state. */
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

  /** Adds a resource, or replaces the one with the same id. A test uses it for what an operator does in the console. */
  put(thing: Thing): void {
    this.#things = [...this.#things.filter(({ type, id }) => type !== thing.type || id !== thing.id), thing];
    this.#save();
  }

  remove(type: string, id: string): void {
    this.#things = this.#things.filter((thing) => thing.type !== type || thing.id !== id);
    this.#save();
  }

  /** Writes the file atomically, so that a killed test leaves a readable file. */
  #save(): void {
    writeFileSync(`${this.file}.new`, JSON.stringify(this.#things, null, 1));
    renameSync(`${this.file}.new`, this.file);
  }
}
