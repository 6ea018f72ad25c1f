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
import { createProver } from '@communique-tee/residence/prover';
import { referenceStringForTests, TEST_REGISTRAR } from '@communique-tee/residence/testing';
import { createHash, randomBytes } from 'node:crypto';
import { startGateway } from '../gateway/start-gateway';
import { sealedBodies } from '../load/sealed-bodies';
import { percentilesOf } from '../load/percentiles';
import { beside, notMeasured, type Row } from '../measure';

const MESSAGES = 40;
const WARM_UP = 5;
const KIB = 2;
const DAY_SECONDS = 86_400;
const INDEX = 3;

/**
 * Compares accepted POSTs that have a proof and no token with accepted POSTs that have a token. The requests follow each other, so that
 * each gives a latency.
 */
export async function acceptRows(): Promise<Row[]> {
  const what = 'accepted POST with a proof, p50';
  const referenceString = referenceStringForTests();
  if (referenceString === undefined) return [notMeasured(what, 'ms', 'reference string')];
  const bodies = await provenBodies(referenceString);
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
    for (const body of bodies) {
      withToken.push(await post(plain.next(), { authorization: `Bearer ${token}` }));
      withProof.push(await post(body, {}));
    }
    const [tokens, proofs] = [withToken, withProof].map((all) => percentilesOf(all.slice(WARM_UP)));
    const reference: Row = { what: 'accepted POST with a token, p50', value: tokens?.p50 ?? null, unit: 'ms' };
    return [
      reference,
      beside({ what, value: proofs?.p50 ?? null, unit: 'ms' }, reference),
      // With so few messages, the 99th percentile is the slowest one, which a single pause of the machine, the garbage collector or
      // PostgreSQL decides.
      { what: `accepted POST with a proof, slowest of ${String(MESSAGES)}`, value: proofs?.p99 ?? null, unit: 'ms' },
    ];
  } finally {
    await gateway.stop();
  }
}

/** Makes proven messages of one person, each in another campaign. */
async function provenBodies(referenceString: Uint8Array): Promise<Uint8Array[]> {
  const { publicKey } = generateKeyPair();
  const secret = randomField();
  const registration = { registrar: TEST_REGISTRAR.id, district: '120-MT-01', salt: randomField(), index: INDEX };
  const tree = MerkleTree.of(Array.from({ length: INDEX }, () => EMPTY_LEAF));
  tree.set(INDEX, leafOf({ commitment: commitmentOf(secret), ...registration }));
  const notBefore = Math.floor(Date.now() / 1000);
  const notAfter = notBefore + 14 * DAY_SECONDS;
  const note = { registrar: TEST_REGISTRAR.id, root: tree.root, notBefore, notAfter, places: 1024 };
  const rootNote = signRootNote(note, TEST_REGISTRAR.signingKeys[0]);
  const prover = createProver({ referenceString });
  try {
    const bodies: Uint8Array[] = [];
    for (let at = 0; at < MESSAGES + WARM_UP; at++) {
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
      const { proof } = await prover.prove({ ...witness, publicInputs });
      const verificationKeySha256 = fromHex(VERIFICATION_KEY_SHA256);
      const residence = { verificationKeySha256, statusSha256, rootNote, claim: publicInputs.claim, proof };
      bodies.push(encodeEnvelope({ sealed: message, residence }));
    }
    return bodies;
  } finally {
    prover.close();
  }
}
