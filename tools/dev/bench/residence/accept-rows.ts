import { keyIdOf, generateKeyPair, seal } from '@communique-tee/crypto';
import { DEFAULT_SUITE, encodeEnvelope, encodeSealedMessage, fromHex } from '@communique-tee/protocol';
import {
  commitmentOf,
  EMPTY_LEAF,
  leafOf,
  MerkleTree,
  messageInput,
  nullifierOf,
  randomField,
  scopeOf,
  signRootNote,
  VERIFICATION_KEY_SHA256,
  witnessOf,
} from '@communique-tee/residence';
import { createProver, type Prover } from '@communique-tee/residence/prover';
import { committedProof, referenceStringForTests, TEST_REGISTRAR } from '@communique-tee/residence/testing';
import { createVerifier } from '@communique-tee/residence/verifier';
import { createHash, randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { startGateway } from '../gateway/start-gateway';
import { runClosedLoop } from '../load/closed-loop';
import { sealedBodies } from '../load/sealed-bodies';
import { percentilesOf } from '../load/percentiles';
import { beside, notMeasured, type Row } from '../measure';

/** Messages that are posted one after the other. They also warm up the gateway for the messages of AT_ONCE. */
const MESSAGES = 40;
const WARM_UP = 5;
/** Messages that are posted as fast as the gateway accepts them. Each verifier thread reaches full speed after a hundred verifications. */
const AT_ONCE = { warmUp: 200, messages: 200, senders: 16 };
const PROVERS = 2;
/** As many as the gateway starts. */
const VERIFIER_THREADS = Math.min(2, availableParallelism());
const KIB = 2;
const DAY_SECONDS = 86_400;
const INDEX = 3;

/**
 * Measures the latency of a POST with a proof, beside that of a POST with a token. Then measures how many POSTs with a proof the gateway
 * accepts per second, beside the number of proofs that the same number of threads verify per second.
 */
export async function acceptRows(): Promise<Row[]> {
  const what = 'accepted POST with a proof, p50';
  const referenceString = referenceStringForTests();
  if (referenceString === undefined) return [notMeasured(what, 'ms', 'reference string')];
  const bodies = await provenBodies(referenceString, WARM_UP + MESSAGES + AT_ONCE.warmUp + AT_ONCE.messages);
  const verified = await verificationRate();
  const gateway = await startGateway({
    environment: {
      RESIDENCE: 'optional',
      RESIDENCE_REGISTRAR: TEST_REGISTRAR.id,
      RESIDENCE_KEYS: TEST_REGISTRAR.verifierKeys[0],
      RESIDENCE_FILES_URL: 'http://127.0.0.1:1/',
    },
  });
  try {
    const plain = sealedBodies(KIB);
    const [token = ''] = gateway.tokens;
    const post = async (body: Uint8Array, headers: Record<string, string>) => {
      const startedMs = performance.now();
      const { status } = await fetch(`${gateway.url}/api/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor', ...headers },
        body: new Uint8Array(body),
      });
      if (status !== 202) throw new Error(`POST answered ${String(status)}`);
      return performance.now() - startedMs;
    };
    const [withToken, withProof]: [number[], number[]] = [[], []];
    for (const body of bodies.splice(0, WARM_UP + MESSAGES)) {
      withToken.push(await post(plain.next(), { authorization: `Bearer ${token}` }));
      withProof.push(await post(body, {}));
    }
    const [tokens, proofs] = [withToken, withProof].map((all) => percentilesOf(all.slice(WARM_UP)));
    const postMany = async (requests: number) => {
      const send = async (): Promise<void> => void (await post(bodies.pop() ?? new Uint8Array(), {}));
      return (await runClosedLoop({ senders: AT_ONCE.senders, warmUpMs: 0, requests }, send)).ratePerSecond;
    };
    await postMany(AT_ONCE.warmUp);
    const perSecond = await postMany(AT_ONCE.messages);
    const reference: Row = { what: 'accepted POST with a token, p50', value: tokens?.p50 ?? null, unit: 'ms' };
    return [
      reference,
      beside({ what, value: proofs?.p50 ?? null, unit: 'ms' }, reference),
      // With so few messages, the 99th percentile is the slowest one. A single pause of the machine or of PostgreSQL decides it.
      { what: `accepted POST with a proof, slowest of ${String(MESSAGES)}`, value: proofs?.p99 ?? null, unit: 'ms' },
      verified,
      beside({ what: 'accepted POSTs with proofs', value: perSecond, unit: 'req/s' }, verified),
    ];
  } finally {
    await gateway.stop();
  }
}

/** Measures the verifier threads without a gateway. */
async function verificationRate(): Promise<Row> {
  const verifier = await createVerifier({ workers: VERIFIER_THREADS, maxQueued: AT_ONCE.senders });
  const { publicInputs, proof } = committedProof('ada roads');
  const verify = async (): Promise<void> => {
    const { valid } = await verifier.verify(publicInputs, proof);
    if (!valid) throw new Error('a committed proof does not verify');
  };
  try {
    const { ratePerSecond } = await runClosedLoop(
      { senders: AT_ONCE.senders, warmUpMs: 1500, durationMs: 3000 },
      verify,
    );
    return {
      what: `verified proofs, ${String(VERIFIER_THREADS)} threads and nothing else`,
      value: ratePerSecond,
      unit: 'op/s',
    };
  } finally {
    await verifier.close();
  }
}

/** Makes proven messages of one person, each in another campaign. */
async function provenBodies(referenceString: Uint8Array, count: number): Promise<Uint8Array[]> {
  const { publicKey } = generateKeyPair();
  const secret = randomField();
  const registration = { registrar: TEST_REGISTRAR.id, district: '120-MT-01', salt: randomField(), index: INDEX };
  const tree = MerkleTree.of(Array.from({ length: INDEX }, () => EMPTY_LEAF));
  tree.set(INDEX, leafOf({ commitment: commitmentOf(secret), ...registration }));
  const notBefore = Math.floor(Date.now() / 1000);
  const notAfter = notBefore + 14 * DAY_SECONDS;
  const note = { registrar: TEST_REGISTRAR.id, root: tree.root, notBefore, notAfter, places: 1024 };
  const rootNote = signRootNote(note, TEST_REGISTRAR.signingKeys[0]);
  const provers = Array.from({ length: PROVERS }, () => createProver({ referenceString }));
  const bodies: Uint8Array[] = [];
  let begun = 0;
  const make = async ({ prove }: Prover): Promise<void> => {
    for (let at = begun++; at < count; at = begun++) {
      const campaign = `bench-${String(at)}`;
      const { message } = seal({
        publicKey,
        keyId: keyIdOf(publicKey),
        suite: DEFAULT_SUITE,
        messageId: randomBytes(16),
        expiresAtSeconds: notBefore + 3600,
        nullifier: nullifierOf(secret, scopeOf(TEST_REGISTRAR.id, campaign)),
        plaintext: randomBytes(KIB * 1024 - 400),
      });
      const statusSha256 = createHash('sha256').update(randomBytes(32)).digest();
      const { publicInputs, ...witness } = witnessOf({
        ...{ secret, registration, campaign, root: tree.root, siblings: tree.path(INDEX), blinding: randomField() },
        message: messageInput(statusSha256, encodeSealedMessage(message)),
      });
      const { proof } = await prove({ ...witness, publicInputs });
      const verificationKeySha256 = fromHex(VERIFICATION_KEY_SHA256);
      const residence = { verificationKeySha256, statusSha256, rootNote, claim: publicInputs.claim, proof };
      bodies.push(encodeEnvelope({ sealed: message, residence }));
    }
  };
  try {
    await Promise.all(provers.map(make));
    return bodies;
  } finally {
    for (const prover of provers) prover.close();
  }
}
