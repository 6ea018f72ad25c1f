import { drawFrom } from '@communique-tee/testing/harness';
import type { Chamber } from '../chambers';
import { faultPlanSchema, type Fault, type FaultPlan, type FaultPlanInput } from './fault';

/** Decides which fault of a plan strikes a request. */
export class FaultSchedule {
  private plan: FaultPlan = { queue: [] };
  private left: number[] = [];
  private next: () => number = () => 1;
  private readonly struck = new Map<string, number>();

  /** Replaces the plan and begins at its first fault. @throws ZodError */
  set(plan: FaultPlanInput): void {
    this.plan = faultPlanSchema.parse(plan);
    this.left = this.plan.queue.map(({ times }) => (times === 'always' ? Infinity : times));
    const draw = drawFrom(this.plan.random?.seed ?? 0, 'faults');
    this.next = () => draw.between(0, 1);
  }

  /**
   * Takes the next fault if it cuts the connection before the request is read. The office is not known yet, so only an entry without an
   * office can match.
   * @returns whether it took the fault
   */
  takeBeforeReading(chamber: Chamber): boolean {
    const at = this.find(chamber, null);
    const entry = at === -1 ? undefined : this.plan.queue[at];
    if (entry?.fault.kind !== 'cut' || entry.fault.at !== 'before_reading') return false;
    this.use(at);
    this.count(entry.fault);
    return true;
  }

  /** Returns the fault for a message that was read, or null. `office` is null if the office is unknown. */
  take(chamber: Chamber, office: string | null): Fault | null {
    const at = this.find(chamber, office);
    const entry = at === -1 ? undefined : this.plan.queue[at];
    if (entry) this.use(at);
    const fault = entry ? entry.fault : this.drawn();
    if (fault) this.count(fault);
    return fault;
  }

  /** How often each kind of fault struck since the start, under all plans. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.struck);
  }

  private drawn(): Fault | null {
    const random = this.plan.random;
    if (!random || this.next() >= random.probability) return null;
    return random.faults[Math.floor(this.next() * random.faults.length)] ?? null;
  }

  private count(fault: Fault): void {
    const name = nameOf(fault);
    this.struck.set(name, (this.struck.get(name) ?? 0) + 1);
  }

  private find(chamber: Chamber, office: string | null): number {
    return this.plan.queue.findIndex(
      (entry, index) =>
        (this.left[index] ?? 0) > 0 &&
        (entry.chamber === undefined || entry.chamber === chamber) &&
        (entry.office === undefined || entry.office === office),
    );
  }

  private use(index: number): void {
    this.left[index] = (this.left[index] ?? 0) - 1;
  }
}

function nameOf(fault: Fault): string {
  const what =
    fault.kind === 'cut' ? `cut ${fault.at}` : fault.kind === 'status' ? `status ${fault.status}` : fault.kind;
  return 'stored' in fault && fault.stored ? `${what}, stored` : what;
}
