import { runPart } from '../../process/run-part';
import { resultSchema, type EnclaveLoadJob, type EnclaveLoadResult } from './job';

/** Runs the load in another process. @throws if any request gets an unexpected answer */
export async function runEnclaveLoad(job: EnclaveLoadJob): Promise<EnclaveLoadResult> {
  return resultSchema.parse(await runPart('enclave/load/main.ts', job));
}
