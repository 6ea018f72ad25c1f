import { isProblemCode, type ProblemCode } from '@communique-tee/protocol';
import { Injectable } from '@nestjs/common';
import { Counter, Histogram, Registry } from 'prom-client';
import type { Decision } from '../../features/delivery/decision';
import type { RateLimitClass } from '../routing/rate-limit-class';
import { keyRefusalLabel, kmsFailureLabel, methodLabel, OTHER, proposalLabel, statusLabel, UNMATCHED } from './labels';

/** What the gateway asks of an enclave. */
export type EnclaveStep = 'health' | 'attestation' | 'relay' | 'keys';
/** Why a new message is turned away: too many have not ended, or a due one waits too long for a worker. */
export type AdmissionReason = 'queue_length' | 'queue_age';
export type EnclaveOutcome = 'answer' | 'problem' | 'unreachable';

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];
const DELIVERY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/**
 * What this process counts, in a registry of its own. Labels are route templates, methods, statuses, codes, classes and steps out of
 * lists of ours: never a path, an id or a text.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  private readonly requests = this.counter('communique_http_requests_total', 'Requests answered.', [
    'method',
    'route',
    'status',
  ]);
  private readonly requestSeconds = this.histogram(
    'communique_http_request_duration_seconds',
    'From the first byte of a request to the last of its answer.',
    ['method', 'route'],
    REQUEST_SECONDS,
  );
  private readonly problems = this.counter('communique_http_problems_total', 'Problem documents answered.', ['code']);
  private readonly unparsed = this.counter(
    'communique_http_unparsed_total',
    'Connections that were refused before they made a request.',
    [],
  );
  private readonly refusals = this.counter(
    'communique_rate_limit_refusals_total',
    'Requests refused by a rate limit.',
    ['class'],
  );
  private readonly admissionRefusals = this.counter(
    'communique_admission_refusals_total',
    'New messages turned away by this process with `overloaded`.',
    ['reason'],
  );
  private readonly accepted = this.counter(
    'communique_messages_accepted_total',
    'Messages newly accepted by this process.',
    [],
  );
  private readonly ended = this.counter('communique_messages_ended_total', 'Messages ended by this process.', [
    'status',
  ]);
  private readonly retries = this.counter(
    'communique_delivery_retries_total',
    'Attempts after which another one follows.',
    ['reason'],
  );
  private readonly attemptSeconds = this.histogram(
    'communique_delivery_attempt_duration_seconds',
    'From the lease of a job until what came of it is stored.',
    ['outcome'],
    DELIVERY_SECONDS,
  );
  private readonly enclaveSeconds = this.histogram(
    'communique_enclave_request_duration_seconds',
    'Requests to the enclave.',
    ['step', 'outcome'],
    DELIVERY_SECONDS,
  );
  private readonly keyProposals = this.counter(
    'communique_enclave_key_proposals_total',
    'Sealed keys that enclaves asked this process to store, by what came of it.',
    ['outcome'],
  );
  private readonly keyRefusals = this.counter(
    'communique_enclave_keys_refused_total',
    'Sealed keys that an enclave did not take, once for as long as it says so.',
    ['code'],
  );
  private readonly kmsFailures = this.counter(
    'communique_enclave_kms_failures_total',
    'Exchanges of keys at which an enclave said that KMS was of no use to it.',
    ['code'],
  );
  private readonly settlements = this.counter(
    'communique_settlements_total',
    'Reservations settled by this process; one whose transaction was rolled back counts too.',
    [],
  );

  /** `seconds` is undefined for a stream: it lasts as long as its listener stays. */
  requestAnswered(method: string, route: string | undefined, status: number, seconds: number | undefined): void {
    const labels = { method: methodLabel(method), route: route ?? UNMATCHED };
    this.requests.inc({ ...labels, status: statusLabel(status) });
    if (seconds !== undefined) this.requestSeconds.observe(labels, seconds);
  }

  problemAnswered(code: ProblemCode): void {
    this.problems.inc({ code });
  }

  connectionRefused(): void {
    this.unparsed.inc();
  }

  rateLimited(limitClass: RateLimitClass): void {
    this.refusals.inc({ class: limitClass });
  }

  admissionRefused(reason: AdmissionReason): void {
    this.admissionRefusals.inc({ reason });
  }

  messageAccepted(): void {
    this.accepted.inc();
  }

  /** An attempt whose decision is stored. */
  attemptStored(decision: Decision, durationMs: number): void {
    if (decision.kind === 'end') this.ended.inc({ status: decision.status });
    else
      this.retries.inc({
        reason: decision.reason === 'office_unreachable' || isProblemCode(decision.reason) ? decision.reason : OTHER,
      });
    this.attemptSeconds.observe({ outcome: decision.kind === 'end' ? decision.status : 'retry' }, durationMs / 1000);
  }

  enclaveAsked(step: EnclaveStep, outcome: EnclaveOutcome, durationMs: number): void {
    this.enclaveSeconds.observe({ step, outcome }, durationMs / 1000);
  }

  keyProposed(outcome: string): void {
    this.keyProposals.inc({ outcome: proposalLabel(outcome) });
  }

  keyRefused(code: string): void {
    this.keyRefusals.inc({ code: keyRefusalLabel(code) });
  }

  kmsFailed(code: string): void {
    this.kmsFailures.inc({ code: kmsFailureLabel(code) });
  }

  reservationSettled(): void {
    this.settlements.inc();
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    buckets: number[],
  ): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
  }
}
