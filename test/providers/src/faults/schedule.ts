import { drawFrom } from '@communique-tee/testing/harness';
import type { SimulatedProvider } from '../models';
import { faultPlanSchema, type Fault, type FaultPlan, type FaultPlanInput } from './fault';

export interface Target {
  readonly provider: SimulatedProvider;
  readonly operation: 'generate' | 'models';
  /** Null until the request was read, unless its address names the model (Gemini). */
  readonly model: string | null;
}

/** Decides which fault of a plan strikes a request. */
export class FaultSchedule {
  private plan: FaultPlan = { queue: [] };
  private left: number[] = [];
  private draw = drawFrom(0, 'faults');
  private readonly struck = new Map<string, number>();

  /** Replaces the plan; `{}` ends all faults. @throws ZodError */
  set(plan: FaultPlanInput): void {
    this.plan = faultPlanSchema.parse(plan);
    this.left = this.plan.queue.map(({ times }) => (times === 'always' ? Infinity : times));
    this.draw = drawFrom(this.plan.random?.seed ?? 0, 'faults');
  }

  /**
   * Takes the next fault if it cuts the connection before the request is read. An entry that names a model matches only if the address
   * names it too.
   * @returns whether it took the fault
   */
  takeBeforeReading(target: Target): boolean {
    const at = this.find(target);
    const fault = this.plan.queue[at]?.fault;
    if (fault?.kind !== 'cut' || fault.at !== 'before_reading') return false;
    this.use(at, fault);
    return true;
  }

  /** Returns the fault for a request that would otherwise be answered, or null. */
  take(target: Target): Fault | null {
    const at = this.find(target);
    const queued = this.plan.queue[at]?.fault;
    if (queued) {
      this.use(at, queued);
      return queued;
    }
    const random = this.plan.random;
    if (!random || target.operation !== 'generate' || !this.draw.chance(random.probability)) return null;
    const drawn = random.faults[this.draw.whole(0, random.faults.length - 1)] ?? null;
    if (drawn) this.count(drawn);
    return drawn;
  }

  /** How often each kind of fault has struck since the start. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.struck);
  }

  private find({ provider, operation, model }: Target): number {
    return this.plan.queue.findIndex(
      (entry, index) =>
        (this.left[index] ?? 0) > 0 &&
        entry.operation === operation &&
        (entry.provider === undefined || entry.provider === provider) &&
        (entry.model === undefined || entry.model === model),
    );
  }

  private use(index: number, fault: Fault): void {
    this.left[index] = (this.left[index] ?? 0) - 1;
    this.count(fault);
  }

  private count(fault: Fault): void {
    const name = nameOf(fault);
    this.struck.set(name, (this.struck.get(name) ?? 0) + 1);
  }
}

/** Returns the fault's name in the request log and the counters. */
export function nameOf(fault: Fault): string {
  if (fault.kind === 'error') return `error ${fault.class}`;
  if (fault.kind === 'cut') return `cut ${fault.at}`;
  return fault.kind;
}
