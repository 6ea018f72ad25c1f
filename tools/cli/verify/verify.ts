import { AttestationError, verifyAttestation } from '@communique-tee/attestation';
import { decodeKeyBinding } from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';
import { anchorOf, measurementsOf } from '../trust';
import type { Command } from '../command';
import { EXIT } from '../failure';
import { isUrl, parseArguments, type VerifyArguments } from './arguments';
import { help } from './help';
import { fetchDocument, readDocumentFile } from './read-document';
import { asJson, asText, type Judgement } from './report';

const MAX_FUTURE_SKEW_MS = 30_000;

export const verify: Command = {
  name: 'verify',
  summary: 'an attestation document: chain, signature, measurements, nonce, age, keys',
  help,
  async run(argv, { out, paint }) {
    const given = parseArguments(argv);
    const judgement = await judge(given);
    out(given.json ? asJson(judgement) : asText(judgement, paint));
    return judgement.outcome === 'trusted' ? EXIT.done : EXIT.refused;
  },
};

async function judge({ source, trust, nonce: wanted, at: wantedTime }: VerifyArguments): Promise<Judgement> {
  const trustAnchor = anchorOf(trust);
  const nonce = wanted === 'none' ? undefined : wanted === 'fresh' ? new Uint8Array(randomBytes(32)) : wanted;
  const document = isUrl(source) ? await fetchDocument(source, nonce) : readDocumentFile(source);
  const at = wantedTime ?? new Date();
  const atMs = at.getTime();
  try {
    const attestation = await verifyAttestation(document, {
      acceptedMeasurements: measurementsOf(trust),
      freshness: nonce ? { nonce } : { documentTakenFromCache: true }, // the person said --no-nonce
      maxAgeMs: trust.maxAgeMs,
      maxFutureSkewMs: MAX_FUTURE_SKEW_MS,
      at,
      ...(trustAnchor && { trustAnchor }),
    });
    const refused = custodyProblem(attestation.userData, trust.custody);
    if (refused) return { outcome: 'refused', atMs, step: 'custody', document, ...refused };
    return {
      outcome: 'trusted',
      atMs,
      nonceChecked: nonce !== undefined,
      ownRoot: trustAnchor !== undefined,
      attestation,
    };
  } catch (error) {
    if (!(error instanceof AttestationError) || error.step === 'policy') throw error;
    return { outcome: 'refused', atMs, code: error.code, step: error.step, message: error.message, document };
  }
}

/** Only where the person said whom to accept: another enclave's documents say nothing of custody, and may be verified too. */
function custodyProblem(
  userData: Uint8Array | undefined,
  accepted: readonly string[] | undefined,
): { code: string; message: string } | undefined {
  if (accepted === undefined) return undefined;
  try {
    const { custody } = decodeKeyBinding(userData ?? new Uint8Array());
    return accepted.includes(custody)
      ? undefined
      : { code: 'custody_refused', message: 'the keys are guarded in a way that --custody does not accept' };
  } catch {
    return { code: 'key_binding_invalid', message: 'the document says nothing of keys and who guards them' };
  }
}
