import { AttestationError, verifyAttestation } from '@communique-tee/attestation';
import { decodeKeyBinding } from '@communique-tee/protocol';
import { randomBytes } from 'node:crypto';
import type { AddCommand } from '../command';
import { EXIT } from '../failure';
import { anchorOf } from '../trust';
import { readVerifyArguments, verifyArguments, type VerifyArguments, type VerifyOptions } from './arguments';
import { fetchDocument, readDocumentFile } from './read-document';
import { asJson, asText, type Judgement } from './report';

const AFTER = `
Exit code
  0  trusted
  1  not trusted: the code says by which check (libs/attestation/README.md has the table)
  2  not understood: the arguments, the policy, or what was read holds no document
  3  could not be fetched or read: no answer from the network, no such file

Examples
  npx communique-tee verify --gateway https://communique.example.org --pcr0 <hex>
  npx communique-tee verify document.cose --pcr0 <hex> --no-nonce --at 2023-09-28T11:08:28Z
  npx communique-tee verify --pcr0 <hex> --development-root .dev/development-root.pem --custody process
`;

const MAX_FUTURE_SKEW_MS = 30_000;

export const verify: AddCommand = (program, run) =>
  verifyArguments(
    program
      .command('verify')
      .summary('an attestation document: chain, signature, measurements, nonce, age, keys')
      .description(
        'Verifies an AWS Nitro attestation document: chain to the AWS root, signature, measurements, nonce, age. Shows the chain with its validities, the measurements, the age, the keys that are attested, and who can bring them back (custody). A gateway is asked with a fresh nonce and "Accept: application/cose", at /attestation unless its address has a path.',
      ),
  )
    .addHelpText('after', AFTER)
    .action(
      run(async ({ out, paint, environment }, file: string | undefined, options: VerifyOptions) => {
        const judgement = await judge(readVerifyArguments(file, options, environment));
        out(options.json === true ? asJson(judgement) : asText(judgement, paint));
        return judgement.outcome === 'trusted' ? EXIT.done : EXIT.refused;
      }),
    );

async function judge({ source, trust, nonce: wanted, at: wantedTime }: VerifyArguments): Promise<Judgement> {
  const trustAnchor = anchorOf(trust);
  const nonce = wanted === 'none' ? undefined : wanted === 'fresh' ? new Uint8Array(randomBytes(32)) : wanted;
  const document = source instanceof URL ? await fetchDocument(source, nonce) : readDocumentFile(source);
  const at = wantedTime ?? new Date();
  const atMs = at.getTime();
  try {
    const attestation = await verifyAttestation(document, {
      acceptedMeasurements: trust.measurements,
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
