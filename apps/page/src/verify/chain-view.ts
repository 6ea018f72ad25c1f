import type { CertificateSummary } from '@communique-tee/attestation/browser';
import { el, replaceContent } from '../elements';
import { duration, instant } from '../format';

export type ChainVerdict =
  | { readonly kind: 'holds' }
  | { readonly kind: 'breaks'; readonly at: number | undefined }
  | { readonly kind: 'unknown' };

/** The chain, root first. What a certificate says of itself is worth something only where the link holds. */
export function showChain(
  into: HTMLElement,
  certificates: readonly CertificateSummary[],
  verdict: ChainVerdict,
  nowMs: number,
): void {
  replaceContent(
    into,
    ...certificates.map((certificate, at) => drawLink(certificate, at, certificates.length, verdict, nowMs)),
  );
}

function drawLink(
  { subject, issuer, notBeforeMs, notAfterMs }: CertificateSummary,
  at: number,
  count: number,
  verdict: ChainVerdict,
  nowMs: number,
): HTMLElement {
  const role = at === 0 ? 'Root' : at === count - 1 ? 'Signs the document' : 'In between';
  const state = stateOf(at, verdict);
  const within = nowMs >= notBeforeMs && nowMs <= notAfterMs;
  const left =
    nowMs < notBeforeMs
      ? `not valid for another ${duration(notBeforeMs - nowMs)}`
      : nowMs > notAfterMs
        ? `ended ${duration(nowMs - notAfterMs)} ago`
        : `${duration(notAfterMs - nowMs)} left`;
  return el(
    'li',
    { 'data-state': state },
    el(
      'p',
      { class: 'link-title' },
      el('span', { class: 'role' }, role),
      ' ',
      el('code', {}, subject),
      el('span', { class: 'check-state' }, STATES[state]),
    ),
    el(
      'p',
      { class: 'link-detail' },
      at === 0 ? 'Known by its fingerprint, not by a signature.' : `Signed by ${issuer}.`,
    ),
    el(
      'p',
      { class: within ? 'link-detail' : 'link-detail outside' },
      `${instant(notBeforeMs)} to ${instant(notAfterMs)}, ${left}.`,
    ),
  );
}

const STATES = { passed: 'holds', failed: 'fails', waiting: 'not reached' } as const;

function stateOf(at: number, verdict: ChainVerdict): keyof typeof STATES {
  if (verdict.kind === 'holds') return 'passed';
  if (verdict.kind === 'unknown' || verdict.at === undefined) return 'waiting';
  return at < verdict.at ? 'passed' : at === verdict.at ? 'failed' : 'waiting';
}
