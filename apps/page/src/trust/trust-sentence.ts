import { knownText } from '../text/known-text';
import { fill, text } from '../text/text';
import type { Trust } from './trust';

/** Returns one sentence on what is known, and whether sending is blocked. */
export function trustSentence(state: Trust): string {
  const words = text.value.trust;
  switch (state.kind) {
    case 'checking':
      return words.checking;
    case 'verified':
      if (state.demo) return words.demoVerified;
      return state.anyOperator ? words.verifiedAnyOperator : words.verified;
    case 'refused':
      if (state.reason.kind === 'check') return state.demo ? words.demoRefused : words.refused;
      return words.refusals[state.reason.kind];
    case 'unreachable': {
      const { reason } = state;
      if (reason.kind !== 'answered') return words.noAnswer[reason.kind];
      return knownText(words.answered, reason.code) ?? fill(words.noAnswer.answered, { status: String(reason.status) });
    }
  }
}
