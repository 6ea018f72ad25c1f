import { text } from '../text/text';
import { linkHash, trust } from './trust';
import { trustSentence } from './trust-sentence';

/**
 * Shows on every page whether the enclave is verified, with a link to the proof, and stays in view. A screen reader reads it only when the
 * sentence changes.
 */
export function TrustBar() {
  const words = text.value.trust;
  const state = trust.value;
  const demo = 'demo' in state && state.demo;
  const warns = state.kind === 'verified' && state.anyOperator;
  return (
    <section
      class="trust-bar"
      aria-label={words.bar}
      data-state={state.kind}
      data-demo={demo ? '' : undefined}
      data-warns={warns ? '' : undefined}
    >
      <span class="trust-sign" aria-hidden="true">
        {demo && state.kind === 'verified' ? '!' : SIGNS[state.kind]}
      </span>
      <p role="status">
        {demo && <strong class="trust-demo">{words.demo}</strong>}
        {demo && ' '}
        {demo && state.kind === 'verified' ? (
          <>
            <span class="trust-short">{words.demoVerified}</span>
            <span class="trust-long">{words.demoMeaning}</span>
          </>
        ) : (
          trustSentence(state)
        )}
      </p>
      <a href={`/verify${linkHash.value}`}>{words.seeProof}</a>
    </section>
  );
}

const SIGNS = { checking: '…', verified: '✓', refused: '✕', unreachable: '?' } as const;
