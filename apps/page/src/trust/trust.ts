// Which enclave answers, and whether this page trusts it. One store, which every part of the page reads.
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation/browser';
import type { EnclaveKey, Policy } from '@communique-tee/client';
import { computed, signal } from '@preact/signals';
import { examine, setsOf, type Finding, type Verdict } from './examine';
import { type Answer, fetchConfiguration, fetchDocument, NoDocument } from './fetch-document';
import { keptMeasurements, measurementsInAddress, type Accepted } from './measurements';
import { siteFacts, type SiteFacts } from './site-facts';

/** Who named the image and the operator to compare with. The site's own list is no more than its word, as this page itself is. */
export type NamedBy = 'link' | 'kept' | 'site';

export type Trust =
  | { readonly kind: 'checking' }
  /** Every check passed. `demo`: under a development root, which proves nothing. */
  | { readonly kind: 'verified'; readonly key: EnclaveKey; readonly demo: boolean; readonly namedBy: NamedBy }
  | { readonly kind: 'refused'; readonly verdict: Verdict; readonly demo: boolean }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** What one check looked at and found, for /verify. */
export interface Evidence {
  readonly answer: Answer;
  readonly findings: readonly Finding[];
  readonly verdict: Verdict;
  readonly atMs: number;
}

export const trust = signal<Trust>({ kind: 'checking' });
export const evidence = signal<Evidence | undefined>(undefined);
/** What the site reports of itself; undefined until it answers. */
export const site = signal<SiteFacts | undefined>(undefined);
/** The image and operator that this page compares with. */
export const accepted = signal<{ readonly value: Accepted; readonly namedBy: NamedBy } | undefined>(undefined);

/** For `connect` of the client library; undefined unless the enclave is verified. */
export const policy = computed((): Policy | undefined => {
  const sets = setsOf(accepted.value?.value);
  if (trust.value.kind !== 'verified' || sets === undefined) return undefined;
  const root = site.value?.developmentRootPem;
  return { acceptedMeasurements: sets, ...(typeof root === 'string' && { unsafeDevelopmentRootPem: root }) };
});

let latest = 0;

/** Asks for a document over a fresh nonce and examines it. A check that a later one has overtaken changes nothing. */
export async function checkEnclave(): Promise<void> {
  const number = ++latest;
  trust.value = { kind: 'checking' };
  try {
    site.value ??= await siteFacts();
    accepted.value ??= namedImages(site.value);
    const answer = await fetchDocument();
    const root = site.value?.developmentRootPem ?? undefined;
    const demo = root !== undefined;
    const atMs = Date.now();
    const { verdict, findings } = await examine({
      ...answer,
      configuration: fetchConfiguration,
      accepted: accepted.value?.value,
      anchor: root === undefined ? undefined : unsafeTrustAnchorFromPem(root),
      nowMs: atMs,
    });
    if (number !== latest) return;
    evidence.value = { answer, findings, verdict, atMs };
    trust.value =
      verdict.kind === 'trusted'
        ? {
            kind: 'verified',
            key: { ...verdict.identity, document: answer.document },
            demo,
            namedBy: accepted.value?.namedBy ?? 'site',
          }
        : { kind: 'refused', verdict, demo };
  } catch (error) {
    if (number !== latest) return;
    trust.value = { kind: 'unreachable', reason: error instanceof NoDocument ? error.message : 'page_fault' };
    if (!(error instanceof NoDocument)) reportError(error);
  }
}

function namedImages(facts: SiteFacts | undefined): { value: Accepted; namedBy: NamedBy } | undefined {
  const linked = measurementsInAddress(location.hash, location.search);
  if (linked?.ok === true) return { value: linked.accepted, namedBy: 'link' };
  const kept = keptMeasurements();
  if (kept !== undefined) return { value: kept, namedBy: 'kept' };
  const [first, ...rest] = facts?.accepted ?? [];
  if (first === undefined) return undefined;
  const operators = [first, ...rest].map(({ pcr3 }) => pcr3);
  const [operator, ...others] = operators.filter((each) => each !== null);
  return {
    value: {
      pcr0s: [first.pcr0, ...rest.map(({ pcr0 }) => pcr0)],
      operator: operator === undefined ? 'any' : [operator, ...others],
    },
    namedBy: 'site',
  };
}
