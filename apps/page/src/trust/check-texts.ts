import { CHECK_NAMES, type CheckName, type CheckResult } from '@communique-tee/enclave-identity/browser';
import { CHAMBER_KEYS, PROCESS_CUSTODY, toHex, type Chamber, type PublicConfiguration } from '@communique-tee/protocol';
import { duration, instant, wholeNumber } from '../format';
import { chamberName } from '../text/chamber-name';
import { knownText } from '../text/known-text';
import { fill, text } from '../text/text';
import { operatorsOf } from './accepted';
import { MAX_AGE_MS } from './examine';
import type { Evidence } from './trust';

/** The groups in which the page shows the checks. A check in neither of the first two groups belongs to the third. */
export const GROUPS = ['genuine', 'fresh', 'published'] as const;
export type Group = (typeof GROUPS)[number];

const GROUP_OF: Readonly<Partial<Record<CheckName, Group>>> = {
  structure: 'genuine',
  chain: 'genuine',
  signature: 'genuine',
  fields: 'genuine',
  debug_mode: 'genuine',
  nonce: 'fresh',
  age: 'fresh',
};

export function checksOf(group: Group): CheckName[] {
  return CHECK_NAMES.filter((name) => (GROUP_OF[name] ?? 'published') === group);
}

type Texts = Readonly<Record<string, string>>;

/** A check without a title in the catalogue is shown by its name. */
export function titleOf(name: CheckName): string {
  return knownText(text.value.checks.titles, name) ?? name.replaceAll('_', ' ');
}

/** A failure, or a note, without a sentence in the catalogue is shown as the library has it, in English. */
export function failureSentence(code: string, detail: string): string {
  return knownText(text.value.checks.failures, code) ?? sentence(detail);
}

/** Returns the page's sentence for a check, in the reader's language; empty if the title is enough, or the check was not reached. */
export function checkSentence(check: CheckResult, evidence: Evidence): string {
  switch (check.state) {
    case 'failed':
      return failureSentence(check.code, check.detail);
    case 'not_run':
      return check.code === undefined ? '' : noteSentence(check.code, check.detail);
    case 'warning':
      return noteSentence(check.code, check.detail);
    case 'passed':
      return passedSentence(check.name, evidence);
  }
}

function noteSentence(code: string, detail: string | undefined): string {
  const note = knownText(text.value.checks.notes, code) ?? sentence(detail ?? code.replaceAll('_', ' '));
  return fill(note, { detail: detail ?? '' });
}

function passedSentence(name: CheckName, evidence: Evidence): string {
  const sentences: Texts = text.value.checks.passed;
  const { content, examination, answer, atMs } = evidence;
  switch (name) {
    case 'custody':
      return content?.keys === undefined ? '' : custodySentence(content.keys.custody);
    case 'configuration':
      return examination.claims?.configuration === undefined
        ? ''
        : configurationSentence(examination.claims.configuration);
    default: {
      const ageMs = content === undefined ? 0 : atMs - content.timestampMs;
      return fill(sentences[name] ?? '', {
        bytes: wholeNumber(answer.document.length),
        certificates: wholeNumber(content?.certificates.length ?? 0),
        nonceBytes: wholeNumber(content?.nonce?.length ?? 0),
        time: content === undefined ? '' : instant(content.timestampMs),
        difference: duration(ageMs),
        allowed: duration(MAX_AGE_MS),
        keyId: toHex(content?.keys?.keyId ?? new Uint8Array()),
      });
    }
  }
}

/** If image or operator differ, returns the document's value and the accepted values, each after its label. */
export function compared(check: CheckResult, { content, accepted }: Evidence): readonly [string, string][] {
  const { attested, expected } = text.value.checks;
  const register = (index: number): string => toHex(content?.pcrs.get(index) ?? new Uint8Array());
  if (check.state !== 'failed' || accepted === undefined) return [];
  if (check.name === 'image')
    return [
      [attested, register(0)],
      [expected, [...new Set(accepted.map(({ pcr0 }) => pcr0))].join('\n')],
    ];
  if (check.name === 'operator')
    return [
      [attested, register(3)],
      [expected, operatorsOf(accepted.filter(({ pcr0 }) => pcr0 === register(0))).join('\n')],
    ];
  return [];
}

function custodySentence(custody: string): string {
  const { custodyProcess, custodyKms } = text.value.checks;
  return custody === PROCESS_CUSTODY ? custodyProcess : fill(custodyKms, { custody });
}

function configurationSentence({ services: { congress }, egress, legacySuite }: PublicConfiguration): string {
  const words = text.value.checks.configuration;
  const chamber = (key: Chamber): string => {
    const { origin = '', deduplicates = false } = congress?.[key] ?? {};
    return fill(deduplicates ? words.recognizes : words.forgets, { chamber: chamberName(key), origin });
  };
  return [
    congress === undefined
      ? words.deliversNothing
      : fill(words.delivers, { chambers: CHAMBER_KEYS.map(chamber).join('; ') }),
    egress.length === 0 ? words.connectsNowhere : fill(words.connects, { hosts: egress.join(', ') }),
    legacySuite ? words.legacyOn : words.legacyOff,
  ].join(' ');
}

function sentence(text_: string): string {
  const capital = text_.charAt(0).toUpperCase() + text_.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
