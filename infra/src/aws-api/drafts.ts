import { isRecord } from './check-request';
import { pathText, type Path } from './shape';

export interface Request {
  /** `service:Operation`. */
  readonly call: string;
  readonly params: Record<string, unknown>;
  /** For each path in `params`, as pathText writes it: the Pulumi input whose value it has. */
  readonly from: ReadonlyMap<string, string>;
}

export interface Place {
  readonly call: string;
  readonly path: Path;
}

/** Collects the AWS requests that one Pulumi resource causes. */
export class Drafts {
  readonly #requests = new Map<string, { params: Record<string, unknown>; from: Map<string, string> }>();

  /** @param main the `service:Operation` that is always called; it gets each target without an operation */
  constructor(private readonly main: string) {
    this.#draft(main);
  }

  get requests(): Request[] {
    return [...this.#requests].map(([call, draft]) => ({ call, ...draft }));
  }

  has(call: string): boolean {
    return this.#requests.has(call);
  }

  /** @param positions the list index for each `[]` in the target (see Target in mapping.ts) */
  place(target: string, positions: readonly number[] = []): Place {
    const slash = target.indexOf('/');
    const operation = target.slice(0, Math.max(slash, 0));
    const [service = ''] = this.main.split(':');
    const call = slash < 0 ? this.main : operation.includes(':') ? operation : `${service}:${operation}`;
    const path: (string | number)[] = [];
    const left = [...positions];
    for (const [step] of target.slice(slash + 1).matchAll(/[^.[\]]+|\[\d*\+?\]/g)) {
      if (!step.startsWith('[')) path.push(step);
      else if (step === '[]') path.push(left.shift() ?? 0);
      else if (step === '[+]') path.push(this.#lengthAt({ call, path }));
      else path.push(Number(step.slice(1, -1)));
    }
    return { call, path };
  }

  lengthAt(target: string): number {
    return this.#lengthAt(this.place(target));
  }

  valueAt({ call, path }: Place): unknown {
    let at: unknown = this.#requests.get(call)?.params;
    for (const step of path)
      at = Array.isArray(at) ? (at[Number(step)] as unknown) : isRecord(at) ? at[step] : undefined;
    return at;
  }

  write({ call, path }: Place, value: unknown, from: string): void {
    const draft = this.#draft(call);
    draft.from.set(pathText(path), from);
    let at: unknown = draft.params;
    path.forEach((step, index) => {
      const next = path[index + 1];
      const holder = at as Record<string | number, unknown>;
      if (next === undefined) holder[step] = value;
      else at = holder[step] ??= typeof next === 'number' ? [] : {};
    });
  }

  #lengthAt(place: Place): number {
    const list = this.valueAt(place);
    return Array.isArray(list) ? list.length : 0;
  }

  #draft(call: string) {
    const known = this.#requests.get(call) ?? { params: {}, from: new Map<string, string>() };
    this.#requests.set(call, known);
    return known;
  }
}
