import { Injectable } from '@nestjs/common';
import { Metrics } from '../../core/telemetry/metrics';
import { ProofVerifier } from './proof-verifier';
import { PublishedRoot } from './published-root';
import { ResidenceAgreement } from './residence-agreement';
import { RootCensus } from './root-census';

const VERDICTS = ['valid', 'invalid', 'busy'] as const;
const AGREEMENTS = ['agrees', 'disagrees', 'unknown'] as const;

@Injectable()
export class ResidenceMetrics {
  private readonly verifications;

  constructor(
    metrics: Metrics,
    census: RootCensus,
    published: PublishedRoot,
    verifier: ProofVerifier,
    agreement: ResidenceAgreement,
  ) {
    this.verifications = metrics.counter(
      'communique_residence_proofs_total',
      'Proofs of residence that this process verified, or was too busy to verify.',
      ['verdict'],
    );
    // Each series starts at zero, because a collector that computes differences would miss the first increase.
    for (const verdict of VERDICTS) this.verifications.inc({ verdict }, 0);
    metrics.gauge(
      'communique_residence_proofs_waiting',
      'Proofs that wait to be verified by this process.',
      [],
      (gauge) => {
        gauge.set(verifier.queued);
      },
    );
    metrics.gauge(
      'communique_residence_root_messages',
      'Messages accepted by this process under each root of the registrar that is in force (at most 16 roots).',
      ['root'],
      (gauge) => {
        gauge.reset();
        for (const { root, messages } of census.all(new Date())) gauge.set({ root }, messages);
      },
    );
    metrics.gauge(
      'communique_residence_rare_roots',
      'Roots that fewer than 10 messages used in a day or more, while 100 used others.',
      [],
      (gauge) => {
        gauge.set(census.all(new Date()).filter(({ isRare }) => isRare).length);
      },
    );
    metrics.gauge(
      'communique_residence_root_seconds_left',
      'Seconds until every root of the registrar that this process knows has ended; absent before it knows one.',
      [],
      (gauge) => {
        const now = new Date();
        const seconds = [published.secondsLeft(now), census.secondsLeft(now)].filter((each) => each !== null);
        if (seconds.length === 0) gauge.remove();
        else gauge.set(Math.max(...seconds));
      },
    );
    metrics.gauge(
      'communique_residence_agreement',
      '1 for the current state: whether the enclaves attested the same settings of proofs of residence as this gateway has.',
      ['state'],
      (gauge) => {
        const now = agreement.state();
        for (const state of AGREEMENTS) gauge.set({ state }, state === now ? 1 : 0);
      },
    );
  }

  verified(verdict: (typeof VERDICTS)[number]): void {
    this.verifications.inc({ verdict });
  }
}
