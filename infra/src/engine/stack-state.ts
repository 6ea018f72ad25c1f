import type { MockAws } from '../mock-aws';
import { hidden, opened } from './property-values';

/** What the program asked for, as it came over the wire (secrets marked). */
export interface Goal {
  urn: string;
  type: string;
  name: string;
  custom: boolean;
  parent: string;
  provider: string;
  inputs: Record<string, unknown>;
  dependencies: string[];
  protect: boolean;
  retainOnDelete: boolean;
  ignoreChanges: string[];
}

interface Kept extends Omit<Goal, 'inputs'> {
  id: string;
  /** Secrets hidden. */
  inputs: Record<string, unknown>;
  /** As they go back to the program, secrets marked. */
  outputs: Record<string, unknown>;
}

export interface Operation {
  op: 'create' | 'update' | 'replace' | 'same' | 'delete' | 'retain';
  urn: string;
  type: string;
  name: string;
  /** Inputs that differ, of an update or a replacement. */
  changed: string[];
}

/** Inputs that AWS cannot change in place: another object is another object. The stand-in knows these and no more. */
const REPLACING: Readonly<Record<string, readonly string[]>> = {
  'aws:s3/bucketObjectv2:BucketObjectv2': ['bucket', 'key'],
  'aws:s3/bucket:Bucket': ['bucket'],
};

/** What a stack consists of, from one update to the next. */
export class StackState {
  readonly #kept = new Map<string, Kept>();

  constructor(private readonly aws: MockAws) {}

  get urns(): string[] {
    return [...this.#kept.keys()];
  }

  /** For a test that looks for secrets: all that a state file would hold. */
  toJSON(): unknown {
    return [...this.#kept.values()].map(({ outputs, ...rest }) => ({ ...rest, outputs: hidden(outputs) }));
  }

  register(goal: Goal): { operation: Operation; id: string; outputs: Record<string, unknown> } {
    const before = this.#kept.get(goal.urn);
    const inputs = hidden(goal.inputs);
    const said = (op: Operation['op'], changed: string[] = []): Operation => ({
      op,
      urn: goal.urn,
      type: goal.type,
      name: goal.name,
      changed,
    });
    const changed = before ? differing(before.inputs, inputs).filter((key) => !goal.ignoreChanges.includes(key)) : [];
    if (before && changed.length === 0) {
      this.#kept.set(goal.urn, { ...goal, inputs: before.inputs, id: before.id, outputs: before.outputs });
      return { operation: said('same'), id: before.id, outputs: before.outputs };
    }
    const { id, state } = this.aws.newResource({
      type: goal.type,
      name: goal.name,
      inputs: opened(goal.inputs),
      provider: goal.provider,
      custom: goal.custom,
      id: '',
    });
    const given = opened(goal.inputs);
    // What was secret on the way in is secret on the way out.
    const outputs = {
      ...Object.fromEntries(
        Object.entries(state as Record<string, unknown>).filter(([key, value]) => value !== given[key]),
      ),
      ...goal.inputs,
    };
    this.#kept.set(goal.urn, { ...goal, inputs, id, outputs });
    const replaces = changed.some((key) => REPLACING[goal.type]?.includes(key));
    return { operation: said(before ? (replaces ? 'replace' : 'update') : 'create', changed), id, outputs };
  }

  /**
   * Ends what is in the state and not among `keep`, dependents first.
   * @throws Error where one is protected: then nothing is ended
   */
  removeAllBut(keep: ReadonlySet<string>): Operation[] {
    const going = [...this.#kept.values()].filter(({ urn }) => !keep.has(urn)).reverse();
    const held = going.filter(({ protect }) => protect);
    if (held.length > 0)
      throw new Error(`protected, not deleted: ${held.map(({ name, type }) => `${type} ${name}`).join(', ')}`);
    return going.map(({ urn, type, name, retainOnDelete }) => {
      const dependents = [...this.#kept.values()].filter(
        (other) =>
          other.urn !== urn &&
          (other.dependencies.includes(urn) || other.parent === urn || other.provider.startsWith(`${urn}::`)),
      );
      if (dependents.length > 0)
        throw new Error(`${urn} is still needed by ${dependents.map((other) => other.urn).join(', ')}`);
      this.#kept.delete(urn);
      return { op: retainOnDelete ? 'retain' : 'delete', urn, type, name, changed: [] };
    });
  }
}

const differing = (before: Record<string, unknown>, after: Record<string, unknown>): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
