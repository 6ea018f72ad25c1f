import type { MockAws } from '../mock-aws';
import { hidden, opened } from './property-values';
import { madeByAws, refusal, staysTaken, uniqueName } from './what-stays';

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
  /** `<type> <name>` of what AWS has, and no state knows. */
  readonly #left = new Set<string>();

  constructor(private readonly aws: MockAws) {}

  get urns(): string[] {
    return [...this.#kept.keys()];
  }

  /** What AWS still has of stacks that were destroyed, where it keeps a name: `<type> <name>`. */
  get leftBehind(): string[] {
    return [...this.#left].sort();
  }

  /** URNs of all that is there before a resource is made: what it depends on, and what that depends on. */
  needsOf(urn: string, found = new Set<string>()): ReadonlySet<string> {
    for (const needed of this.#kept.get(urn)?.dependencies ?? [])
      if (!found.has(needed)) this.needsOf(needed, found.add(needed));
    return found;
  }

  /** `pulumi state unprotect --all`. */
  unprotectAll(): void {
    for (const kept of this.#kept.values()) kept.protect = false;
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
    if (!before) this.#create(goal);
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
    return going.map(({ urn, type, name, inputs, retainOnDelete }) => {
      const dependents = [...this.#kept.values()].filter(
        (other) =>
          other.urn !== urn &&
          (other.dependencies.includes(urn) || other.parent === urn || other.provider.startsWith(`${urn}::`)),
      );
      if (dependents.length > 0)
        throw new Error(`${urn} is still needed by ${dependents.map((other) => other.urn).join(', ')}`);
      this.#delete(type, name, inputs, retainOnDelete);
      this.#kept.delete(urn);
      return { op: retainOnDelete ? 'retain' : 'delete', urn, type, name, changed: [] };
    });
  }

  /** @throws Error where AWS has one of that name already */
  #create({ type, name, inputs }: Goal): void {
    const given = opened(inputs);
    const unique = uniqueName(type, given);
    if (unique !== undefined && this.#left.has(unique)) throw new Error(`AlreadyExists: ${unique} (${name})`);
    const known = new Set([...this.#kept.values()].map((kept) => uniqueName(kept.type, kept.inputs)));
    for (const made of madeByAws(type, given)) if (!known.has(made)) this.#left.add(made);
  }

  /** @throws Error where AWS refuses */
  #delete(type: string, name: string, inputs: Record<string, unknown>, retained: boolean): void {
    const [unique, bucket] = [uniqueName(type, inputs), `object ${String(inputs.bucket)}/`];
    if (retained) {
      if (inputs.key !== undefined) this.#left.add(`${bucket}${String(inputs.key)}`);
      if (unique !== undefined) this.#left.add(unique);
      return;
    }
    const objects = [...this.#left].filter((left) => left.startsWith(bucket));
    const why = refusal(type, inputs, objects.length);
    if (why !== undefined) throw new Error(`AWS does not delete ${type} ${name}: ${why}`);
    if (type === 'aws:s3/bucket:Bucket') for (const object of objects) this.#left.delete(object);
    for (const taken of staysTaken(type, inputs)) this.#left.add(taken);
  }
}

const differing = (before: Record<string, unknown>, after: Record<string, unknown>): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
