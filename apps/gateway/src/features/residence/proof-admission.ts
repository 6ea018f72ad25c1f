import { Inject, Injectable } from '@nestjs/common';
import { LIMITS, type ProvenEnvelope, toHex } from '@communique-tee/protocol';
import { registrarOf, VERIFICATION_KEY_SHA256 } from '@communique-tee/residence';
import { checkSignatureByOpenssl } from '@communique-tee/transparency/node';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Database } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import { mayStillExpire, type ProvenSubmission } from '../acceptance/submission';
import { budgetProblem } from '../budget/budget-refusal';
import type { CachedRefusal } from '../budget/cached-refusals';
import { RateLimits } from '../limits/rate-limits';
import { ProofVerifier } from './proof-verifier';
import { ResidenceAgreement } from './residence-agreement';
import { ResidenceMetrics } from './residence-metrics';
import { RootCensus } from './root-census';
import { RootNotes } from './root-notes';

/** Where a proof comes from: the client's address, and the owner of the token if there is one. */
export interface ProofSource {
  readonly address: string;
  readonly owner: string | null;
  /** A recent refusal by PostgreSQL that still applies to new messages of this source. */
  readonly cachedRefusal: CachedRefusal | null;
  /** Resolves to the problem that refuses new messages while the queue is too long or too slow; otherwise to null. */
  readonly queueRefusal: () => Promise<ProblemError | null>;
}

/**
 * Checks a proof of residence before its message may be accepted, with the cheapest check first. The checks write nothing to the database,
 * so the accepting transaction checks message id and nullifier again (prisma/sql/accept_messages.sql).
 */
@Injectable()
export class ProofAdmission {
  private readonly notes: RootNotes | null;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'residence'>,
    private readonly database: Database,
    private readonly limits: RateLimits,
    private readonly verifier: ProofVerifier,
    private readonly agreement: ResidenceAgreement,
    private readonly census: RootCensus,
    private readonly metrics: ResidenceMetrics,
  ) {
    const { residence } = config;
    this.notes =
      residence.mode === 'off'
        ? null
        : new RootNotes(registrarOf(residence.registrar, residence.keys, checkSignatureByOpenssl));
  }

  /**
   * Throws unless the gateway takes messages in this form.
   * @throws ProblemError `residence_not_open`: a proof, but the gateway takes none; `residence_required`: no proof, but each message needs
   * one; `unauthenticated`: neither proof nor token
   */
  assertForm(form: { readonly hasProof: boolean; readonly hasToken: boolean }): void {
    const { mode } = this.config.residence;
    if (form.hasProof && mode === 'off') throw new ProblemError('residence_not_open');
    if (!form.hasProof && mode === 'required') throw new ProblemError('residence_required');
    if (!form.hasProof && !form.hasToken) throw new ProblemError('unauthenticated');
  }

  /**
   * @returns null if the proof verifies and the message may be accepted. If a problem is returned, the proof was not verified; the caller
   * then answers with the problem, or as before if the message was accepted before (MessagesService.repeatOf)
   * @throws ProblemError `residence_not_open` | `root_not_accepted` | `circuit_retired` | `already_sent` | `message_id_taken` |
   * `rate_limited` | `proof_invalid` | `verifier_busy` | `residence_disagrees` | `database_unavailable` | `overloaded` | a BudgetRefusal
   */
  async refusalOf(
    { sealed, residence }: ProvenEnvelope,
    submission: ProvenSubmission,
    source: ProofSource,
    now: Date,
  ): Promise<ProblemError | null> {
    if (this.notes === null || sealed.nullifier === null) throw new ProblemError('residence_not_open');
    if (!mayStillExpire(submission, now)) return outOfRange();
    const root = this.notes.accepted(residence.rootNote, now, submission.expiresAt);
    if (toHex(residence.verificationKeySha256) !== VERIFICATION_KEY_SHA256) throw new ProblemError('circuit_retired');
    // Otherwise the enclave would refuse the message after the gateway has accepted it and reserved money.
    if (this.agreement.state() === 'disagrees') throw new ProblemError('residence_disagrees');
    if (await this.isKnown(submission)) return new ProblemError('already_sent');
    assertWithinBudget(source, now);
    const tooMany = await source.queueRefusal();
    if (tooMany !== null) throw tooMany;
    await this.countFor(source);
    await this.verify(
      { root: root.root, nullifier: sealed.nullifier, claim: residence.claim, message: submission.proof.messageInput },
      residence.proof,
      source,
    );
    return null;
  }

  /** Counts a newly accepted message. */
  accepted(rootNote: string, submission: ProvenSubmission, now: Date): void {
    const root = this.notes?.accepted(rootNote, now, submission.expiresAt);
    if (root !== undefined) this.census.count(root, now);
  }

  /**
   * Whether this message was accepted before. Then the stored message with this id has the same bytes and status hash, or the stored
   * nullifier has the same public input `message`.
   * @throws ProblemError `message_id_taken` if another message has the id; `already_sent` if another message has the nullifier
   */
  private async isKnown({ messageId, sealedSha256, proof }: ProvenSubmission): Promise<boolean> {
    const [known] = await this.database.statement<Known>('known_message', KNOWN_MESSAGE, [
      messageId,
      ...[sealedSha256, proof.statusSha256, proof.nullifier, proof.messageInput].map((bytes) => Buffer.from(bytes)),
    ]);
    const { message = null, nullifier = null } = known ?? {};
    if (message === 'same' || nullifier === 'same') return true;
    if (message === 'other') throw new ProblemError('message_id_taken');
    if (nullifier === 'other') throw new ProblemError('already_sent');
    return false;
  }

  /**
   * Counts a verification for the client's address. A verification takes 10 ms of CPU, so this limit is lower than that of other requests.
   * A message with a token is limited by its user's rate limit instead.
   */
  private async countFor({ address, owner }: ProofSource): Promise<void> {
    if (owner !== null) return;
    const { states } = await this.limits.decide({ limitClass: 'proof', address });
    const refusedBy = states.find(({ allowed }) => !allowed);
    if (refusedBy !== undefined) throw new ProblemError('rate_limited', { retryAfterSeconds: refusedBy.resetSeconds });
  }

  private async verify(
    publicInputs: Parameters<ProofVerifier['verify']>[0],
    proof: Uint8Array,
    { address, owner }: ProofSource,
  ): Promise<void> {
    try {
      const isValid = await this.verifier.verify(publicInputs, proof, owner ?? address);
      this.metrics.verified(isValid ? 'valid' : 'invalid');
      if (!isValid) throw new ProblemError('proof_invalid');
    } catch (error) {
      if (error instanceof ProblemError && error.code === 'verifier_busy') this.metrics.verified('busy');
      throw error;
    }
  }
}

type Known = Record<'message' | 'nullifier', string | null>;

/** Prepared, because it runs for every proof. $1: id, $2: hash of the sealed bytes, $3: status hash, $4: nullifier, $5: public input `message`. */
const KNOWN_MESSAGE = `
  SELECT (SELECT CASE
            WHEN sealed_sha256 = $2::bytea AND status_sha256 = $3::bytea THEN 'same'
            WHEN status = 'key_retired' THEN 'retired' ELSE 'other' END
          FROM message WHERE id = $1::uuid) AS message,
         (SELECT CASE WHEN message_input = $5::bytea THEN 'same' ELSE 'other' END
          FROM nullifier WHERE nullifier = $4::bytea) AS nullifier`;

/** Throws a cached refusal. Otherwise a stop or a full cap would refuse the message after its proof was verified in vain. */
function assertWithinBudget({ cachedRefusal }: ProofSource, now: Date): void {
  if (cachedRefusal !== null && performance.now() < cachedRefusal.untilMs) throw budgetProblem(cachedRefusal.code, now);
}

function outOfRange(): ProblemError {
  return new ProblemError('expiry_out_of_range', {
    detail: `A message must expire within the next ${String(LIMITS.maxLifetimeSeconds)} seconds.`,
  });
}
