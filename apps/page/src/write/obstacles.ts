import { computed } from '@preact/signals';
import { signIn } from '../sign-in/sign-in';
import { trust } from '../trust/trust';
import { proves } from '../residence/choice';
import { type ProofObstacle, proofObstacle } from '../residence/place';
import { problemsOf } from './form';

/** Why a message cannot be sent now; each has a sentence in the catalogue (`write.review.reasons`). */
export type Obstacle =
  'address' | 'message' | 'campaign' | 'checking' | 'refused' | 'unreachable' | 'signIn' | 'token' | ProofObstacle;

/** Every reason why Send does not work; empty if it works. */
export const obstacles = computed((): readonly Obstacle[] => {
  const { kind } = trust.value;
  return [
    problemsOf('address').length > 0 ? ('address' as const) : null,
    problemsOf('message').length > 0 ? ('message' as const) : null,
    problemsOf('review').length > 0 ? ('campaign' as const) : null,
    kind === 'verified' ? null : kind,
    // A message with a proof needs no token
    proves.value ? proofObstacle.value : tokenObstacle(),
  ].filter((each) => each !== null);
});

function tokenObstacle(): 'token' | 'signIn' | null {
  if (signIn.state.value === 'signed_in') return null;
  return signIn.host.value === null ? 'token' : 'signIn';
}
