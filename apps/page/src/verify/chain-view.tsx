import type { CertificateSummary } from '@communique-tee/attestation/browser';
import { duration } from '../format';
import { fill, text } from '../text/text';
import type { Verdict } from '../trust/examine';
import { Time } from '../ui/time';

type LinkState = 'passed' | 'failed' | 'waiting';

/** Shows the chain, root first. After a link that fails, the other links are not judged. */
export function ChainView({
  certificates,
  verdict,
  nowMs,
}: {
  readonly certificates: readonly CertificateSummary[];
  readonly verdict: Verdict;
  readonly nowMs: number;
}) {
  return (
    <ol class="chain">
      {certificates.map((certificate, at) => (
        <Link
          key={at}
          certificate={certificate}
          at={at}
          isLast={at === certificates.length - 1}
          state={linkStateOf(at, verdict)}
          nowMs={nowMs}
        />
      ))}
    </ol>
  );
}

function Link({
  certificate: { subject, issuer, notBeforeMs, notAfterMs },
  at,
  isLast,
  state,
  nowMs,
}: {
  readonly certificate: CertificateSummary;
  readonly at: number;
  readonly isLast: boolean;
  readonly state: LinkState;
  readonly nowMs: number;
}) {
  const words = text.value.verify.chain;
  const within = nowMs >= notBeforeMs && nowMs <= notAfterMs;
  const validity =
    nowMs < notBeforeMs
      ? fill(words.early, { time: duration(notBeforeMs - nowMs) })
      : nowMs > notAfterMs
        ? fill(words.ended, { time: duration(nowMs - notAfterMs) })
        : fill(words.left, { time: duration(notAfterMs - nowMs) });
  return (
    <li data-state={state}>
      <p class="link-title">
        <span class="role">{at === 0 ? words.root : isLast ? words.leaf : words.between}</span> <code>{subject}</code>
        <span class="check-state">{text.value.verify.groupStates[state]}</span>
      </p>
      <p class="link-detail">{at === 0 ? words.pinned : fill(words.signedBy, { issuer })}</p>
      <p class={within ? 'link-detail' : 'link-detail outside'}>
        <Time ms={notBeforeMs} when /> – <Time ms={notAfterMs} when />, {validity}
      </p>
    </li>
  );
}

function linkStateOf(at: number, verdict: Verdict): LinkState {
  if (verdict.kind !== 'refused') return 'passed';
  if (verdict.check === 'structure') return 'waiting';
  if (verdict.check !== 'chain') return 'passed';
  const { brokenLink } = verdict;
  if (brokenLink === undefined) return 'waiting';
  return at < brokenLink ? 'passed' : at === brokenLink ? 'failed' : 'waiting';
}
