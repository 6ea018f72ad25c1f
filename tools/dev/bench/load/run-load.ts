import { runPart } from '../process/run-part';
import { resultSchema, type LoadJob, type LoadResult } from './job';

/**
 * Makes the load in another process, so that its CPU time does not count as the server's.
 * @throws if any request gets an unexpected answer
 */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  return resultSchema.parse(await runPart('load/main.ts', job));
}
