import { text } from '../text/text';
import { trust } from './trust';

/** Stays in view on every page: whether the enclave is verified, and the way to the proof. */
export function TrustBar() {
  const words = text.value.trust;
  const { kind } = trust.value;
  const demo = 'demo' in trust.value && trust.value.demo;
  return (
    <div class="trust-bar" data-state={kind} data-demo={demo ? '' : undefined} role="status">
      <p>
        {demo && <strong>{words.demo} </strong>}
        {words[kind]}
      </p>
      <a href={`/verify${location.hash}`}>{words.seeProof}</a>
    </div>
  );
}
