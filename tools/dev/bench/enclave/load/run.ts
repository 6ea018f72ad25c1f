import { runPart } from '../../process/run-part';
import { resultSchema, type EnclaveLoadJob, type EnclaveLoadResult } from './job';

/** Loads from a process of its own. @throws where any request is not answered as it has to be */
export async function runEnclaveLoad(job: EnclaveLoadJob): Promise<EnclaveLoadResult> {
  return resultSchema.parse(await runPart('enclave/load/main.ts', job));
}
