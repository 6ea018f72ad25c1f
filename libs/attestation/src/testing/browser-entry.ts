import * as entry from '../browser';
import { outcomeOf, type TestCase } from './test-case';

/** Runs every case without and with remembered signatures, and returns its name with both outcomes. */
export async function outcomes(cases: TestCase[]): Promise<[name: string, plain: string, remembered: string][]> {
  const { verify } = entry.createAttestationVerifier();
  const out: [string, string, string][] = [];
  for (const each of cases) out.push([each.name, await outcomeOf(each, entry), await outcomeOf(each, entry, verify)]);
  return out;
}
