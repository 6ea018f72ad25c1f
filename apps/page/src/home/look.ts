import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation/browser';
import type { EnclaveKeys } from '@communique-tee/enclave-identity/browser';
import { toHex } from '@communique-tee/protocol';
import { byId, el, replaceContent } from '../elements';
import { duration, grouped, instant } from '../format';
import { type ChainVerdict, showChain } from '../proof/chain-view';
import { CHECKS } from '../proof/checks';
import { examine, readForShowing, type Verdict } from '../proof/examine';
import { type Answer, fetchConfiguration, fetchDocument, NoDocument } from '../proof/fetch-document';
import { drawChecks, showFinding } from '../proof/proof-view';
import { showSigned } from '../proof/signed-view';
import type { ServerWords } from './server-words';
import type { Trust } from './trust';

let looks = 0;
let ageTimer: ReturnType<typeof setInterval> | undefined;

/** Asks with a new nonce and shows every check. A look that is overtaken by a later one shows nothing more. */
export async function look(trust: Trust, words: Promise<ServerWords | undefined>): Promise<void> {
  const number = ++looks;
  try {
    await lookAs(number, trust, words);
  } catch (error) {
    if (number === looks)
      setVerdict(
        'failed',
        'This page made a mistake',
        'Nothing is proven, and nothing can be sent. Its console says more.',
      );
    reportError(error);
  }
}

async function lookAs(number: number, trust: Trust, words: Promise<ServerWords | undefined>): Promise<void> {
  trust.verified = undefined;
  drawChecks(byId('checks'));
  setVerdict('running', 'Checking …', 'This browser has made up a nonce and asks for a document that carries it.');
  byId('development-offer').hidden = true;
  byId('development').hidden = trust.developmentRootPem === undefined;
  for (const id of ['facts', 'evidence']) byId(id).hidden = true;
  await showFinding({ id: 'answer', state: 'running', detail: '' });
  let answer: Answer;
  try {
    answer = await fetchDocument();
  } catch (error) {
    if (!(error instanceof NoDocument)) throw error;
    if (number !== looks) return;
    await showFinding({ id: 'answer', state: 'failed', detail: error.message });
    setVerdict('failed', 'Nobody answers', error.message);
    return;
  }
  if (number !== looks) return;
  await showFinding({
    id: 'answer',
    state: 'passed',
    detail: `${answer.document.length.toLocaleString('en')} bytes came back in ${String(answer.roundTripMs)} ms for nonce ${toHex(answer.nonce).slice(0, 16)}….`,
  });

  const anchor =
    trust.developmentRootPem === undefined ? undefined : unsafeTrustAnchorFromPem(trust.developmentRootPem);
  const nowMs = Date.now();
  await showFinding({ id: 'structure', state: 'running', detail: '' });
  const { verdict, findings } = await examine({
    ...answer,
    configuration: fetchConfiguration,
    accepted: trust.accepted,
    anchor,
    nowMs,
  });
  for (const finding of findings) {
    if (number !== looks) return;
    await showFinding(finding);
  }
  if (number !== looks) return;
  showEvidence(answer, verdict, nowMs);
  if (verdict.kind === 'trusted') trust.verified = { ...verdict.identity, document: answer.document };
  await conclude(verdict, trust, words);
}

async function conclude(verdict: Verdict, trust: Trust, words: Promise<ServerWords | undefined>): Promise<void> {
  const development = trust.developmentRootPem !== undefined;
  if (verdict.kind === 'trusted') {
    if (development)
      setVerdict(
        'open',
        'Everything fits, under a root that proves nothing',
        'The checks hold. But whoever runs this server holds that root’s key, and can make documents for which they hold.',
      );
    else
      setVerdict(
        'passed',
        trust.accepted?.operator === 'any'
          ? 'An enclave of the image you trust, run by an operator that you have not named'
          : 'An enclave of the image you trust, run by the operator you trust',
        'AWS’s hardware vouches that this image runs, now, and that the keys below are its own.',
      );
  } else if (verdict.kind === 'unmeasured') {
    setVerdict(
      'open',
      development
        ? 'An enclave of some image, under a root that proves nothing'
        : trust.accepted === undefined
          ? 'An enclave, of an image that you have not named'
          : 'An enclave of the image you trust, run by an operator that you have not named',
      trust.accepted === undefined
        ? 'It is genuine as far as the chain goes. Give a PCR0 and a PCR3 that you know from elsewhere.'
        : 'Anyone with an AWS account can run this image. Give a PCR3, or accept any operator.',
    );
  } else {
    const title = CHECKS.find(({ id }) => id === verdict.check)?.title ?? '';
    setVerdict(
      'failed',
      'Do not trust this server',
      `Refused at “${title}” (${verdict.code}). Nothing can be sent from this page.`,
    );
    const said = verdict.code === 'ERR_ATTESTATION_ROOT' && !development ? await words : undefined;
    if (typeof said?.developmentRootPem === 'string') byId('development-offer').hidden = false;
  }
}

function showEvidence({ document }: Answer, verdict: Verdict, nowMs: number): void {
  const content = readForShowing(document);
  const keys = keysOf(verdict);
  byId('evidence').hidden = content === undefined;
  byId('facts').hidden = content === undefined;
  if (content === undefined) return;
  byId('claims-warning').hidden = verdict.kind !== 'refused';
  replaceContent(
    byId('facts-list'),
    ...[
      ['Module', el('code', {}, content.moduleId)],
      ['Image (PCR0)', el('code', { id: 'pcr0' }, grouped(toHex(content.pcrs.get(0) ?? new Uint8Array())))],
      ['Operator (PCR3)', el('code', { id: 'pcr3' }, operatorOf(content.pcrs.get(3)))],
      [
        'Document made',
        el('span', {}, `${instant(content.timestampMs)}, `, el('span', { id: 'document-age' }), ' ago'),
      ],
      ...(keys === undefined ? [] : [['Sealing key', el('code', {}, toHex(keys.keyId))] as const]),
    ].flatMap(([name, value]) => [el('dt', {}, name ?? ''), el('dd', {}, value ?? '')]),
  );
  const tick = () => {
    byId('document-age').textContent = duration(Math.max(0, Date.now() - content.timestampMs));
  };
  tick();
  clearInterval(ageTimer);
  ageTimer = setInterval(tick, 1000);
  showChain(byId('chain'), content.certificates, chainVerdictOf(verdict), nowMs);
  showSigned(byId('signed-list'), content, keys);
}

function operatorOf(pcr3: Uint8Array | undefined): string {
  return pcr3?.some((byte) => byte !== 0) === true ? grouped(toHex(pcr3)) : 'none: its machine has no role';
}

function keysOf(verdict: Verdict): EnclaveKeys | undefined {
  switch (verdict.kind) {
    case 'trusted':
      return verdict.identity;
    case 'unmeasured':
      return verdict.keys;
    case 'refused':
      return undefined;
  }
}

function chainVerdictOf(verdict: Verdict): ChainVerdict {
  if (verdict.kind !== 'refused') return { kind: 'holds' };
  if (verdict.check === 'chain') return { kind: 'breaks', at: verdict.brokenLink };
  return verdict.check === 'structure' ? { kind: 'unknown' } : { kind: 'holds' };
}

function setVerdict(state: string, title: string, text: string): void {
  const verdict = byId('verdict');
  verdict.dataset['state'] = state;
  replaceContent(verdict, el('p', { class: 'verdict-title' }, title), el('p', {}, text));
}
