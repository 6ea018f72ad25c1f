// This store knows which enclave answers and whether this page trusts it. Every part of the page reads it.
import { AttestationError, unsafeTrustAnchorFromPem, type TrustAnchor } from '@communique-tee/attestation/browser';
import type { EnclaveKey, Policy } from '@communique-tee/client';
import type { CheckName, FailureCode } from '@communique-tee/enclave-identity/browser';
import { batch, computed, signal } from '@preact/signals';
import { linkText } from '../link';
import { isLoopback } from '../loopback';
import { keepInTab, keptInTab } from '../tab';
import {
  addressOf,
  keptAccepted,
  namesInAddress,
  readNames,
  withoutNames,
  type Accepted,
  type Kept,
  type Read,
} from './accepted';
import { NoAnswer, type NoAnswerReason } from './ask';
import { examine, type Examined } from './examine';
import { fetchConfiguration, fetchDocument, type Answer } from './fetch-document';
import { nameImages, type NamedBy, type Naming, type NamingRefusal } from './naming';
import { fetchSiteFacts, type SiteFacts } from './site-facts';

export type { NamedBy } from './naming';

export type Refusal =
  | NamingRefusal
  | { readonly kind: 'check'; readonly check: CheckName; readonly code: FailureCode }
  /** Neither the person nor the site names an image to compare with. */
  | { readonly kind: 'not_compared' }
  /** The document is not signed under the AWS root. The site publishes a development root, but the person has not agreed to a demo. */
  | { readonly kind: 'demo_not_chosen' };

export type Trust =
  | { readonly kind: 'checking' }
  /**
   * Every check passed. `demo`: the document is signed under a development root, which proves nothing. `anyOperator`: the image is
   * accepted under every operator.
   */
  | {
      readonly kind: 'verified';
      readonly key: EnclaveKey;
      readonly demo: boolean;
      readonly namedBy: NamedBy;
      readonly anyOperator: boolean;
    }
  | { readonly kind: 'refused'; readonly reason: Refusal; readonly demo: boolean }
  | { readonly kind: 'unreachable'; readonly reason: NoAnswerReason | { readonly kind: 'page_fault' } };

/** What the latest check examined and found. /verify shows it. */
export interface Evidence extends Examined {
  readonly answer: Answer;
  readonly accepted: Accepted | undefined;
  /** Whether the document was examined under the development root that this site publishes. */
  readonly demo: boolean;
  readonly atMs: number;
}

const LINK_KEY = 'communique-tee link';
const DEMO_KEY = 'communique-tee demo';

export const trust = signal<Trust>({ kind: 'checking' });
export const evidence = signal<Evidence | undefined>(undefined);
/** What the site reports about itself; undefined until it answers. */
export const site = signal<SiteFacts | undefined>(undefined);
/** The image and operator that a link named, in the address of this page or of an earlier one in this tab. */
export const linked = signal<Read<Accepted> | undefined>(undefined);
/** The list of images and operators that this browser keeps. */
export const kept = signal<Kept>(undefined);
/** The list that the person gave on /verify, for this visit. */
export const given = signal<Accepted | undefined>(undefined);
/** The images and operators that this page compares with, and who named them. */
export const naming = computed(() => namingWith(site.value));
/** The fragment for links to other pages of this site. With it, a new tab has the same campaign and compares with the same images. */
export const linkHash = computed(() => {
  const names = linked.value?.ok === true ? addressOf(linked.value.value) : '';
  const parts = [linkText.value, names].filter((part) => part !== '');
  return parts.length === 0 ? '' : `#${parts.join('&')}`;
});

/** For `connect` of the client library; undefined unless the enclave is verified. */
export const policy = computed((): Policy | undefined => {
  const accepted = evidence.value?.accepted;
  if (trust.value.kind !== 'verified' || accepted === undefined) return undefined;
  const root = site.value?.developmentRootPem;
  if (!trust.value.demo) return { acceptedMeasurements: accepted };
  return typeof root === 'string' ? { acceptedMeasurements: accepted, unsafeDevelopmentRootPem: root } : undefined;
});

/** The development root that the latest check used; undefined outside of a demo. */
export const demoRoot = computed((): TrustAnchor | undefined => {
  const root = site.value?.developmentRootPem;
  return evidence.value?.demo === true && typeof root === 'string' ? anchorOf(root) : undefined;
});

let latest = 0;

/**
 * Asks for a document over a fresh nonce and examines it. The result of a check is ignored if a later check has
 * begun.
 * @param quiet keeps the last result visible until this check ends
 */
export async function checkEnclave(quiet = false): Promise<void> {
  const number = ++latest;
  if (!quiet) trust.value = { kind: 'checking' };
  readSources();
  let next: Trust;
  let found: Evidence | undefined;
  let facts: SiteFacts | undefined;
  try {
    const [told, answer] = await Promise.all([fetchSiteFacts(), fetchDocument()]);
    if (number !== latest) return;
    facts = told;
    const named = namingWith(facts);
    found = await evidenceOf(answer, facts, named);
    next = trustIn(found, facts, named);
  } catch (error) {
    if (!(error instanceof NoAnswer)) reportError(error);
    next = { kind: 'unreachable', reason: error instanceof NoAnswer ? error.reason : { kind: 'page_fault' } };
  }
  if (number !== latest) return;
  // These change together, so that `policy` never combines the verdict of one check with the list or the root of another
  batch(() => {
    if (facts !== undefined) site.value = facts;
    evidence.value = found;
    trust.value = next;
  });
}

function namingWith(facts: SiteFacts | undefined): Naming {
  return nameImages({ file: given.value, link: linked.value, kept: kept.value, site: facts?.accepted });
}

/** Examines the document under the AWS root. If AWS did not sign it and a demo is allowed, examines it under the root that the site publishes. */
async function evidenceOf(answer: Answer, { developmentRootPem }: SiteFacts, { accepted }: Naming): Promise<Evidence> {
  const atMs = Date.now();
  const under = (anchor: TrustAnchor | undefined): Promise<Examined> =>
    examine({ ...answer, configuration: fetchConfiguration, accepted, anchor, nowMs: atMs });
  const examined = await under(undefined);
  const isForeign = examined.verdict.kind === 'refused' && examined.verdict.code === 'ERR_ATTESTATION_ROOT';
  if (!isForeign || developmentRootPem === null || !demoAllowed())
    return { ...examined, answer, accepted, atMs, demo: false };
  const root = anchorOf(developmentRootPem);
  return { ...(root === undefined ? examined : await under(root)), answer, accepted, atMs, demo: root !== undefined };
}

function trustIn(
  { verdict, checks, answer, demo }: Evidence,
  { developmentRootPem }: SiteFacts,
  { refusal, namedBy }: Naming,
): Trust {
  const refused = (reason: Refusal): Trust => ({ kind: 'refused', reason, demo });
  if (verdict.kind === 'refused') {
    const { check, code } = verdict;
    if (code === 'ERR_ATTESTATION_ROOT' && developmentRootPem !== null && !demoAllowed())
      return refused({ kind: 'demo_not_chosen' });
    return refused({ kind: 'check', check, code });
  }
  if (refusal !== undefined) return refused(refusal);
  if (verdict.kind === 'uncompared' || namedBy === undefined) return refused({ kind: 'not_compared' });
  return {
    kind: 'verified',
    key: { ...verdict.identity, document: answer.document },
    demo,
    namedBy,
    anyOperator: checks.some((each) => each.state === 'warning' && each.code === 'any_operator'),
  };
}

/**
 * Whether this page may use the development root that the site publishes. A site on this machine is a demo that the person started. Any
 * other site could forge documents under its own root, so the person must agree, once in each tab.
 */
function demoAllowed(): boolean {
  return isLoopback(location) || keptInTab(DEMO_KEY) !== undefined;
}

/** Call it when the person agrees to a demo, which proves nothing. */
export function chooseDemo(): Promise<void> {
  keepInTab(DEMO_KEY, 'chosen');
  return checkEnclave();
}

export function leaveDemo(): Promise<void> {
  keepInTab(DEMO_KEY, undefined);
  return checkEnclave();
}

/** Forgets, in this tab, the image and operator that the link named. */
export function dropLink(): Promise<void> {
  keepInTab(LINK_KEY, undefined);
  history.replaceState(history.state, '', withoutNames(new URL(location.href)));
  return checkEnclave();
}

/** Reads the link and the kept list. The tab remembers the link, because other pages, sign-in and jumps within the page drop it. */
function readSources(): void {
  const here = namesInAddress(location.hash, location.search);
  if (here !== undefined) keepInTab(LINK_KEY, here);
  const names = here ?? keptInTab(LINK_KEY);
  linked.value = names === undefined ? undefined : readNames(names);
  kept.value = keptAccepted();
}

function anchorOf(pem: string): TrustAnchor | undefined {
  try {
    return unsafeTrustAnchorFromPem(pem);
  } catch (error) {
    if (error instanceof AttestationError) return undefined;
    throw error;
  }
}
