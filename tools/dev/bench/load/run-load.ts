import { runPart } from '../process/run-part';
import { resultSchema, type LoadJob, type LoadResult } from './job';

/** Loads from a process of its own, so that it is not counted as the server's. @throws where any request is not answered as it has to be */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  return resultSchema.parse(await runPart('load/main.ts', job));
}
