import { CLIENT_ERROR_CODES, type Status } from '@communique-tee/client';
import { NOT_TAKEN_REASONS, PROBLEMS } from '@communique-tee/protocol';
import english from '../text/languages/en';
import spanish from '../text/languages/es';
import { newWay } from './way';
import {
  activityWords,
  endOf,
  failureTitle,
  failureWords,
  isInterim,
  nextAfter,
  officeWords,
  toneOf,
  backButtonText,
} from './words';
import { office, report, view } from './testing/scripted-client';

const delivered = report([office('HCA12', 'accepted')]);
const languages = [
  ['en', english.send],
  ['es', spanish.send],
] as const;

/**
 * Reasons of a pending copy after which the office may have the message (apps/enclave/src/services/congress/cwc/judge-answer.ts), and one
 * that this page does not know.
 */
const MAY_HAVE_IT = [
  'aborted',
  'may_have_been_sent',
  'answer_timeout',
  'connection_lost',
  'malformed_answer',
  'redirected',
  'server_error',
  'unexpected_status',
  'a_newer_reason',
];

describe.each(languages)('in %s', (_, texts) => {
  it('has words for every error of the client library', () => {
    for (const code of [...CLIENT_ERROR_CODES, 'not_verified', 'not_loaded', 'page_fault'] as const)
      expect([code, failureWords({ code, problem: undefined, status: undefined }, texts)]).toEqual([
        code,
        expect.stringMatching(/^[¿A-Z].*[.?]$/),
      ]);
  });

  it('never states in the reason whether the message was sent: only the heading does', () => {
    const sent = /not sent|was sent|on its way|no se envió|se ha enviado/i;
    for (const [problem, { status }] of Object.entries(PROBLEMS))
      expect([problem, failureWords({ code: 'refused', problem, status }, texts)]).toEqual([
        problem,
        expect.not.stringMatching(sent),
      ]);
    for (const code of CLIENT_ERROR_CODES)
      expect(failureWords({ code, problem: undefined, status: undefined }, texts)).not.toMatch(sent);
  });

  it('distinguishes a busy server from one that does not answer', () => {
    const way = newWay({ demo: false, proven: false, offices: [] }, 0);
    const waiting = { during: 'posting', untilMs: 1000 } as const;
    expect(activityWords({ ...way, waiting: { ...waiting, because: 'unreachable' } }, texts)).toBe(
      texts.waiting.unreachable,
    );
    for (const because of ['overloaded', 'rate_limited', 'refused'])
      expect(activityWords({ ...way, waiting: { ...waiting, because } }, texts)).toBe(texts.waiting.busy);
    expect(failureWords({ code: 'refused', problem: undefined, status: 503 }, texts)).toBe(texts.errors.no_room);
    expect(failureWords({ code: 'refused', problem: 'a_newer_code', status: 429 }, texts)).toBe(
      texts.errors.problems.rate_limited,
    );
  });

  it('does not claim progress for a message that the server reports as ended or missing', () => {
    const has = { sent: 'accepted', problem: undefined } as const;
    expect(failureTitle(has, { view: view('delivering') }, texts)).toBe(texts.whether.accepted);
    expect(failureTitle(has, { view: undefined }, texts)).toBe(texts.whether.accepted);
    for (const status of ['key_retired', 'delivered', 'expired'] as const)
      expect(failureTitle(has, { view: view(status) }, texts)).toBe(texts.whether.over);
    expect(failureTitle({ ...has, problem: 'not_found' }, { view: view('queued') }, texts)).toBe(texts.whether.over);
    expect(failureTitle({ sent: 'not_known', problem: 'not_found' }, { view: undefined }, texts)).toBe(
      texts.whether.not_known,
    );
  });

  it('attributes the expiry of a message to a report of the server', () => {
    const pending = report([office('HCA12', 'pending', 'maintenance')]);
    expect([isInterim(pending), isInterim(delivered), isInterim(null)]).toEqual([true, false, false]);
    const { title, next } = texts.ends.expired;
    for (const words of [title, next]) expect(words).toMatch(/reports that|[Ii]nforma de que/);
  });

  it('has words for what each office answered', () => {
    expect(officeWords(office('HCA12', 'accepted'), texts)).toBe(texts.answers.accepted);
    expect(officeWords(office('HCA12', 'refused', 'refused_by_office'), texts)).toBe(texts.answers.refused);
    expect(officeWords(office('HCA12', 'refused', 'message_invalid'), texts)).toBe(texts.answers.invalid);
    expect(officeWords(office('HCA12', 'refused', 'constructor'), texts)).toBe(texts.answers.refused);
    expect(officeWords(office('HCA12', 'unknown', 'connection_lost'), texts)).toBe(texts.answers.unknown);
    expect(officeWords(office('HCA12', 'pending', 'maintenance'), texts)).toBe(texts.answers.pending);
    for (const reason of [...MAY_HAVE_IT, null])
      expect(officeWords(office('HCA12', 'pending', reason), texts)).toBe(texts.answers.not_known);
  });
});

it('never advises the person to send again if an office may have the message', () => {
  const unknown = report([office('HCA12', 'accepted'), office('SCA01', 'unknown')]);
  const some = report([office('HCA12', 'accepted'), office('SCA01', 'pending', 'busy')]);
  expect(endOf('unknown', null)).toBe('unknown');
  expect(endOf('partially_delivered', unknown)).toBe('unknown');
  expect(endOf('expired', some)).toBe('expired_partly');
  expect(endOf('expired', report([office('HCA12', 'unknown')]))).toBe('expired_partly');
  const pending = (reason: string | null) =>
    report([office('HCA12', 'pending', reason), office('SCA01', 'pending', 'busy')]);
  for (const reason of [...MAY_HAVE_IT, null]) {
    expect([reason, endOf('expired', pending(reason))]).toEqual([reason, 'expired_partly']);
    for (const status of ['key_retired', 'refused'] as const)
      expect([reason, endOf(status, pending(reason))]).toEqual([reason, 'unknown']);
  }
  for (const reason of NOT_TAKEN_REASONS) {
    expect([reason, endOf('expired', pending(reason))]).toEqual([reason, 'expired']);
    expect([reason, endOf('key_retired', pending(reason))]).toEqual([reason, 'key_retired']);
  }
  for (const end of ['unknown', 'expired_partly', 'partly', 'unclear'] as const) {
    expect(english.send.ends[end].next).toContain('Do not send it again');
    expect(spanish.send.ends[end].next).toContain('No lo envíe de nuevo');
    for (const proven of [false, true]) expect(backButtonText(end, { report: delivered }, { proven })).toBeUndefined();
  }
});

it('states that the service refuses a second message with a proof, except where the service accepts one', () => {
  const refused = report([office('HCA12', 'refused', 'refused_by_office')]);
  const expected = [
    ['partly', delivered, 'refused', undefined],
    ['expired_partly', delivered, 'refused', undefined],
    ['refused', null, 'refused', undefined],
    ['expired', null, 'perhaps', 'back'],
    ['key_retired', null, 'perhaps', 'back'],
    ['refused', refused, undefined, 'correct'],
    ['invalid', refused, undefined, 'correct'],
    ['delivered', delivered, undefined, undefined],
  ] as const;
  for (const [end, of, second, back] of expected) {
    for (const [, texts] of languages) {
      expect([end, nextAfter(end, { report: of }, { proven: true }, texts)]).toEqual([
        end,
        second === undefined ? texts.ends[end].next : texts.second[second],
      ]);
      expect(nextAfter(end, { report: of }, { proven: false }, texts)).toBe(texts.ends[end].next);
    }
    expect([end, backButtonText(end, { report: of }, { proven: true })]).toEqual([end, back]);
  }
});

it('warns that a message may have been delivered if the service refuses it after it was sealed again', () => {
  const second = { sent: 'accepted', problem: 'already_sent' } as const;
  for (const [, texts] of languages) {
    expect(failureTitle(second, { view: undefined }, texts)).toBe(texts.whether.noSecond);
    expect(failureTitle({ ...second, sent: 'not_sent' }, { view: undefined }, texts)).toBe(texts.whether.not_sent);
  }
});

it('shows only a delivery to the real Congress in green', () => {
  const statuses: readonly Status[] = [
    'delivered',
    'partially_delivered',
    'refused',
    'unknown',
    'expired',
    'key_retired',
  ];
  expect(statuses.filter((status) => toneOf(status, false) === 'good')).toEqual(['delivered']);
  expect(statuses.filter((status) => toneOf(status, true) === 'good')).toEqual([]);
});
