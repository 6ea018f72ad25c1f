import type { TestCase } from '../test-case';
import { accepted } from './accepted';
import { certificates, chains } from './chain';
import { freshness, measurements } from './judgement';
import { algorithms, signatures } from './signature';
import { envelopes, payloads } from './structure';

/** Writes and signs every case. */
export function allCases(): TestCase[] {
  return [accepted, envelopes, payloads, algorithms, chains, certificates, signatures, measurements, freshness].flatMap(
    (cases) => cases(),
  );
}
