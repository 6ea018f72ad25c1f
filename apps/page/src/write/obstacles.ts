import { computed } from '@preact/signals';
import { signIn } from '../sign-in/sign-in';
import { trust } from '../trust/trust';
import { problemsOf } from './form';

/** Why a message cannot be sent now; each has a sentence in the catalogue (`write.review.reasons`). */
export type Obstacle = 'address' | 'message' | 'campaign' | 'checking' | 'refused' | 'unreachable' | 'signIn' | 'token';

/** Every reason why Send does not work; empty where it works. */
export const obstacles = computed((): readonly Obstacle[] => {
  const { kind } = trust.value;
  return [
    problemsOf('address').length > 0 ? ('address' as const) : null,
    problemsOf('message').length > 0 ? ('message' as const) : null,
    problemsOf('review').length > 0 ? ('campaign' as const) : null,
    kind === 'verified' ? null : kind,
    signIn.state.value === 'signed_in' ? null : signIn.host.value === null ? ('token' as const) : ('signIn' as const),
  ].filter((each) => each !== null);
});
