import { createProver } from '@communique-tee/residence/prover';
import {
  committedProof,
  committedProofs,
  computePlanned,
  PLANNED_PROOFS,
  referenceStringForTests,
} from '@communique-tee/residence/testing';
import { createVerifier } from '@communique-tee/residence/verifier';
import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { beside, cpuSecondsSince, notMeasured, type Row } from '../measure';
import { percentilesOf } from '../load/percentiles';
import { acceptRows } from './accept-rows';
import { chromiumRows } from './chromium-rows';
import { provingFiles, sizeRows } from './proving-files';

const VERIFICATIONS = 400;
const PROOFS = 10;
const MOST_VERIFY_MS = 12;

/**
 * Compares verifying a proof with verifying a bare P-384 signature. Also measures proving in Node and in Chromium, and the
 * size of the files for proofs in the page and in the image.
 */
export async function residenceRows(): Promise<Row[]> {
  const files = await provingFiles();
  return [
    ...(await verifyRows()),
    ...(await proveRows()),
    ...(await chromiumRows(files)),
    ...(await acceptRows()),
    ...sizeRows(files),
  ];
}

async function verifyRows(): Promise<Row[]> {
  const proofs = committedProofs();
  const before = process.memoryUsage.rss();
  const startedMs = performance.now();
  const verifier = await createVerifier();
  const start: Row = { what: 'verifier, until it is ready', value: performance.now() - startedMs, unit: 'ms' };
  try {
    const each = async (at: number) => {
      const { publicInputs, proof } = proofs[at % proofs.length] ?? committedProof('ada roads');
      const { valid } = await verifier.verify(publicInputs, proof);
      if (!valid) throw new Error('a committed proof does not verify');
    };
    for (let at = 0; at < 50; at++) await each(at);
    const memory = (process.memoryUsage.rss() - before) / 2 ** 20;
    const proven = await timesOf(VERIFICATIONS, each);
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const message = randomBytes(200);
    const signature = sign('sha384', message, privateKey);
    const bare = await timesOf(VERIFICATIONS, () => void verify('sha384', message, publicKey, signature));
    const cpu: Row = { what: 'bare P-384 verification, CPU', value: bare.cpuMs, unit: 'ms' };
    const p50: Row = { what: 'bare P-384 verification, p50', value: percentilesOf(bare.ms).p50, unit: 'ms' };
    const verified: Row = { what: 'verify a proof, p50', value: percentilesOf(proven.ms).p50, unit: 'ms' };
    return [
      p50,
      cpu,
      { ...beside(verified, p50), note: `the aim is ${String(MOST_VERIFY_MS)} ms` },
      { what: 'verify a proof, p99', value: percentilesOf(proven.ms).p99, unit: 'ms' },
      beside({ what: 'verify a proof, CPU', value: proven.cpuMs, unit: 'ms' }, cpu),
      start,
      { what: 'memory of a verifier after 50 proofs', value: memory, unit: 'MiB', note: 'the aim is 150 MiB' },
    ];
  } finally {
    await verifier.close();
  }
}

async function proveRows(): Promise<Row[]> {
  const referenceString = referenceStringForTests();
  const [planned] = PLANNED_PROOFS;
  if (referenceString === undefined || planned === undefined)
    return [notMeasured('prove in Node', 'ms', 'reference string')];
  const witness = computePlanned(planned).witness(committedProof(planned.name).sealedBytes);
  const prover = createProver({ referenceString });
  try {
    const { ms, cpuMs } = await timesOf(PROOFS + 1, () => prover.prove(witness));
    const [first = 0, ...later] = ms;
    return [
      { what: 'prove in Node, the first', value: first, unit: 'ms', note: 'includes loading the proof system' },
      { what: 'prove in Node, later, p50', value: percentilesOf(later).p50, unit: 'ms' },
      { what: 'prove in Node, CPU', value: cpuMs, unit: 'ms' },
    ];
  } finally {
    prover.close();
  }
}

/** Runs `work` `count` times, one after the other. @returns the milliseconds of each call, and the average CPU time of a call */
async function timesOf(count: number, work: (at: number) => unknown): Promise<{ ms: number[]; cpuMs: number }> {
  const before = process.cpuUsage();
  const ms: number[] = [];
  for (let at = 0; at < count; at++) {
    const startedMs = performance.now();
    await work(at);
    ms.push(performance.now() - startedMs);
  }
  return { ms, cpuMs: (cpuSecondsSince(before) * 1000) / count };
}
