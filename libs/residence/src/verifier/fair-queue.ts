/** A queue that serves its sources in turn, so that a source with many jobs delays only itself. */
export class FairQueue<Job> {
  /** The jobs of each source, in the order of the sources' turns. No source has an empty list. */
  private readonly sources = new Map<string, Job[]>();
  private waiting = 0;

  constructor(private readonly limit: number) {}

  get length(): number {
    return this.waiting;
  }

  /**
   * Adds a job. A full queue drops the youngest job of the source with the most jobs, which may be the added job.
   * @returns the dropped job, if there is one
   */
  add(source: string, job: Job): Job | undefined {
    const own = this.sources.get(source);
    if (own === undefined) this.sources.set(source, [job]);
    else own.push(job);
    this.waiting++;
    return this.waiting > this.limit ? this.takeFromLongest(source) : undefined;
  }

  /** Removes and returns the oldest job of the source whose turn it is. */
  next(): Job | undefined {
    const [first] = this.sources;
    if (first === undefined) return undefined;
    const [source, jobs] = first;
    const job = jobs.shift();
    this.waiting--;
    this.sources.delete(source);
    if (jobs.length > 0) this.sources.set(source, jobs);
    return job;
  }

  /** Removes the youngest job of the source with the most jobs; in a tie, the youngest job of `newcomer`. */
  private takeFromLongest(newcomer: string): Job | undefined {
    let [longest, most] = [newcomer, this.sources.get(newcomer)?.length ?? 0];
    for (const [source, { length }] of this.sources) if (length > most) [longest, most] = [source, length];
    const jobs = this.sources.get(longest) ?? [];
    const job = jobs.pop();
    if (jobs.length === 0) this.sources.delete(longest);
    this.waiting--;
    return job;
  }
}
