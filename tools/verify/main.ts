import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AttestationError, unsafeTrustAnchorFromPem, verifyAttestation, type TrustAnchor } from '@communique-tee/attestation';
import { isUrl, parseArguments, type VerifyArguments } from './arguments';
import { NotJudged } from './not-judged';
import { fetchDocument, readDocumentFile } from './read-document';
import { asJson, asText, exitStatus, type Judgement } from './report';
import { help } from './usage';

const maxFutureSkewMs = 30_000;

async function judge(given: VerifyArguments): Promise<Judgement> {
  const trustAnchor = given.rootFile === undefined ? undefined : await readRoot(given.rootFile);
  const nonce = given.nonce === 'none' ? undefined : given.nonce === 'fresh' ? new Uint8Array(randomBytes(32)) : given.nonce;
  const document = isUrl(given.source) ? await fetchDocument(given.source, nonce) : await readDocumentFile(given.source);
  const at = given.at ?? new Date();
  const [first, ...more] = given.pcr0;
  try {
    const attestation = await verifyAttestation(document, {
      acceptedMeasurements: [{ pcr0: first }, ...more.map((pcr0) => ({ pcr0 }))],
      freshness: nonce ? { nonce } : { documentTakenFromCache: true }, // the person said --no-nonce
      maxAgeMs: given.maxAgeMs,
      maxFutureSkewMs,
      at,
      ...(trustAnchor && { trustAnchor }),
    });
    return { outcome: 'trusted', atMs: at.getTime(), nonceChecked: nonce !== undefined, ownRoot: trustAnchor !== undefined, attestation };
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    if (error.step === 'policy') throw new NotJudged('ERR_VERIFY_USAGE', error.message, error);
    return { outcome: 'refused', atMs: at.getTime(), error, document };
  }
}

async function readRoot(path: string): Promise<TrustAnchor> {
  let pem: string;
  try {
    pem = await readFile(path, 'utf8');
  } catch (cause) {
    throw new NotJudged('ERR_VERIFY_FILE', `the root ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  try {
    return unsafeTrustAnchorFromPem(pem);
  } catch (cause) {
    throw new NotJudged('ERR_VERIFY_USAGE', `the root ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

async function main(argv: readonly string[]): Promise<number> {
  let judgement: Judgement;
  // Also where the arguments could not be read, a program that asked for JSON gets JSON.
  let json = argv.includes('--json');
  try {
    const given = parseArguments(argv);
    if (given === 'help') {
      process.stdout.write(help);
      return 0;
    }
    json = given.json;
    judgement = await judge(given);
  } catch (error) {
    if (!(error instanceof NotJudged)) throw error;
    judgement = { outcome: 'not judged', error };
  }
  if (json) process.stdout.write(asJson(judgement));
  else if (judgement.outcome === 'not judged') process.stderr.write(asText(judgement) + (judgement.error.code === 'ERR_VERIFY_USAGE' ? '\nnpm run verify -- --help explains.\n' : ''));
  else process.stdout.write(asText(judgement));
  return exitStatus[judgement.outcome];
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // Not a judgement either.
  console.error(error);
  process.exitCode = 2;
}
