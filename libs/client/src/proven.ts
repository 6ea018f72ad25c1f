import { encodeEnvelope, fromHex, type CongressMessage, type FieldProblem } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import type { EnclaveConfiguration, PreparedProof, ResidenceOptions, SendState } from './api';
import type { EnclaveKey } from './enclave-key';
import { ClientError } from './errors';
import { fetchListAddress } from './gateway';
import { prepareMessage, type PreparedMessage, type PrepareOptions } from './prepare';
import { withRetries } from './retry';

const LIST_ADDRESS_BUDGET_MS = 30_000;
const MAX_ATTEMPTS = 6;

export type AttestedResidence = Exclude<EnclaveConfiguration['residence'], { readonly mode: 'off' }>;

/**
 * Returns what the enclave attests about proofs of residence; null if this message has no proof.
 * @throws ClientError `residence_refused`, also for a message without a proof if one is required
 */
export function attestedResidence(
  { configuration }: Pick<EnclaveKey, 'configuration'>,
  residence: ResidenceOptions | undefined,
): AttestedResidence | null {
  const attested = configuration?.residence;
  if (residence === undefined) {
    if (attested?.mode === 'required') throw refused('residence_required', 'it takes only messages with a proof');
    return null;
  }
  if (attested === undefined) throw refused('configuration_missing', 'the gateway does not give its configuration');
  if (attested.mode === 'off') throw refused('residence_not_open', 'it takes no proofs');
  if (attested.registrar !== residence.registration.registrar)
    throw refused('other_registrar', 'it accepts only another registrar than the one of this registration');
  if (attested.verificationKeySha256 !== residence.prover.verificationKeySha256)
    throw refused('circuit_retired', 'it verifies proofs of another circuit than the one in this program');
  return attested;
}

export interface ProvenOptions extends Pick<PrepareOptions, 'id' | 'lifetimeSeconds'> {
  readonly attested: AttestedResidence;
  readonly residence: ResidenceOptions;
  readonly gateway: URL;
  /** 32 bytes. */
  readonly statusSecret: Uint8Array;
  readonly nowSeconds: () => number;
  readonly signal: AbortSignal | undefined;
  readonly onState: (state: SendState) => void;
}

/**
 * Seals a message with the values that open its claim, and proves residence for exactly the sealed bytes.
 * @throws ClientError `residence_unavailable` | `message_invalid`
 */
export async function prepareProven(
  content: CongressMessage,
  key: EnclaveKey,
  options: ProvenOptions,
): Promise<PreparedMessage> {
  const { residence, statusSecret, nowSeconds, id, lifetimeSeconds } = options;
  const proof = await orResidenceUnavailable(() => prepareProof(options));
  checkAgainstProof(content, proof);
  const { campaignNote, prover } = residence;
  const { district, delivery, blinding } = proof.opening;
  const opening = {
    district,
    delivery: new Uint8Array(delivery),
    blinding: new Uint8Array(blinding),
    campaign: campaignNote,
  };
  const prepared = prepareMessage({ ...content, proof: opening }, key, {
    ...(id !== undefined && { id }),
    ...(lifetimeSeconds !== undefined && { lifetimeSeconds }),
    nowSeconds: nowSeconds(),
    notAfterSeconds: proof.notAfterSeconds,
    nullifier: proof.nullifier,
  });
  const statusSha256 = sha256(statusSecret);
  const made = await orResidenceUnavailable(() => proof.prove(statusSha256, prepared.sealed));
  const envelope = encodeEnvelope({
    sealed: prepared.message,
    residence: {
      verificationKeySha256: fromHex(prover.verificationKeySha256),
      statusSha256,
      rootNote: proof.rootNote,
      claim: made.claim,
      proof: made.proof,
    },
  });
  return { ...prepared, proven: { envelope, statusSecret } };
}

function prepareProof({
  residence,
  attested,
  gateway,
  nowSeconds,
  signal,
  onState,
}: ProvenOptions): Promise<PreparedProof> {
  const { secret, registration, campaignNote, list, files } = residence;
  const askGateway = () =>
    withRetries(() => fetchListAddress(gateway, signal), {
      budgetMs: LIST_ADDRESS_BUDGET_MS,
      maxAttempts: MAX_ATTEMPTS,
      signal,
      onWait: (waitMs, { problem, code }) => {
        onState({ step: 'waiting', during: 'fetching_registry', waitMs, because: problem ?? code });
      },
    });
  return residence.prover.prepare({
    secret,
    registration,
    campaignNote,
    list,
    files: () => (files === undefined ? askGateway() : Promise.resolve(files)),
    attested,
    nowSeconds,
    signal,
    onState,
  });
}

/**
 * Refuses at once what the enclave would refuse after the proof, for which the person has to wait.
 * @throws ClientError `message_invalid`
 */
function checkAgainstProof(content: CongressMessage, { campaign, offices, opening }: PreparedProof): void {
  const [, state] = opening.district.split('-');
  const problems: FieldProblem[] = content.offices.flatMap((office, at) =>
    offices.includes(office)
      ? []
      : problemAt(`/offices/${String(at)}`, 'office_not_of_district', `the proven district has ${offices.join(', ')}`),
  );
  if (content.constituent.state !== state)
    problems.push(
      problemAt('/constituent/state', 'office_not_of_district', 'must be the state of the proven district'),
    );
  if (content.campaignId !== campaign)
    problems.push(problemAt('/campaignId', 'other_campaign', "must be the campaign of the registrar's note"));
  if (problems.length > 0)
    throw new ClientError('message_invalid', 'the message does not fit its proof of residence', { problems });
}

function problemAt(pointer: string, code: string, what: string): FieldProblem {
  return { pointer, code, message: `${pointer}: ${what}` };
}

/**
 * Does `work`, and turns an error of the prover into a ClientError. The prover's errors have a code and contain no secret.
 * @throws ClientError `residence_unavailable`
 */
export async function orResidenceUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ClientError || !(error instanceof Error) || !('code' in error)) throw error;
    throw new ClientError('residence_unavailable', `no proof of residence can be made: ${error.message}`, {
      cause: error,
      ...(typeof error.code === 'string' && { reason: error.code }),
    });
  }
}

function refused(reason: string, why: string): ClientError {
  return new ClientError('residence_refused', `the enclave does not accept this message: ${why}`, { reason });
}
