import { ClientError, type SendState, type WhetherSent } from '@communique-tee/client';
import { NotLoaded, remedyOf, type Failure } from './failure';
import {
  failed,
  ID,
  keptMessage,
  message,
  NOW_MS,
  office,
  refused,
  report,
  result,
  script,
  sealed,
  settled,
  TestStorage,
  view,
  type Script,
} from './testing/scripted-client';
import { MAX_LOG, stepsOf, closingLosesMessage, type Way } from './way';

const attested = { step: 'attested', key: { attestation: { pcr0: '' } } } as unknown as SendState;
const accepted: SendState = { step: 'accepted', view: view(), kept: keptMessage() };
const delivered = report([office('HCA12', 'accepted'), office('SCA01', 'duplicate')]);

function wayOf({ store }: Script): Way {
  if (store.sending.value.kind === 'idle') throw new Error('idle');
  return store.sending.value.way;
}

function failureIn({ store }: Script): Failure {
  if (store.sending.value.kind !== 'failed') throw new Error(`it is ${store.sending.value.kind}`);
  return store.sending.value.failure;
}

function shown({ store }: Script): string[] {
  if (store.sending.value.kind === 'idle') return [];
  return stepsOf(store.sending.value).map(({ name, state }) => `${name} ${state}`);
}

async function sent(): Promise<Script & { end: Awaited<ReturnType<Script['call']>> }> {
  const made = script();
  made.store.startSending(message);
  const end = await made.call();
  end.tell({ step: 'attesting' }, attested, sealed, { step: 'posting', attempt: 1 }, accepted);
  return Object.assign(made, { end });
}

describe('a message under way', () => {
  it('goes through every step that the page shows, and each step has its time', async () => {
    const made = script();
    expect(made.store.sending.value).toEqual({ kind: 'idle' });
    made.store.startSending(message);
    expect(made.store.busy.value).toBe(true);
    const call = await made.call();
    expect(call.given).toBe(message);
    call.tell({ step: 'attesting' });
    expect([wayOf(made).activity, shown(made)]).toEqual([
      'checking',
      ['sealed current', 'received waiting', 'opened waiting', 'answered waiting'],
    ]);
    call.tell(attested);
    expect(wayOf(made).activity).toBe('sealing');
    made.nowMs += 1000;
    call.tell(sealed, { step: 'posting', attempt: 1 });
    expect([wayOf(made).activity, wayOf(made).id]).toEqual(['handing_over', ID]);
    made.nowMs += 1000;
    call.tell(accepted);
    expect([wayOf(made).activity, shown(made)]).toEqual([
      'in_queue',
      ['sealed done', 'received done', 'opened current', 'answered waiting'],
    ]);
    made.nowMs += 1000;
    const pending = report([office('HCA12', 'accepted'), office('SCA01', 'pending', 'maintenance')]);
    call.tell({ step: 'status', view: view('delivering'), report: pending });
    expect([wayOf(made).activity, shown(made)]).toEqual([
      'sent',
      ['sealed done', 'received done', 'opened done', 'answered current'],
    ]);
    made.nowMs += 1000;
    call.tell({ step: 'status', view: view('delivered'), report: delivered });
    await call.end(result('delivered', delivered));
    expect(made.store.sending.value).toMatchObject({ kind: 'ended', result: { status: 'delivered' } });
    expect(wayOf(made).reachedAtMs).toEqual({
      sealed: NOW_MS + 1000,
      received: NOW_MS + 2000,
      opened: NOW_MS + 3000,
      answered: NOW_MS + 4000,
    });
    expect(made.store.busy.value).toBe(false);
  });

  it('is sent once: a second click sends no message', async () => {
    const made = script();
    made.store.startSending(message);
    made.store.startSending(message);
    await made.call();
    made.store.startSending(message);
    made.store.resume({ keptAtMs: NOW_MS, kept: keptMessage() });
    await settled();
    expect(made.calls).toHaveLength(1);
  });

  it('is shown as opened only once the enclave has signed a receipt, whatever the server reports', async () => {
    const made = await sent();
    made.end.tell({ step: 'status', view: view('delivering', { attempts: 3 }), report: null });
    expect([wayOf(made).activity, shown(made)]).toEqual([
      'in_enclave',
      ['sealed done', 'received done', 'opened current', 'answered waiting'],
    ]);
    const opened = report([office('HCA12', 'pending', 'maintenance'), office('SCA01', 'pending', 'busy')]);
    made.end.tell({ step: 'status', view: view('delivering'), report: opened });
    expect([wayOf(made).activity, shown(made)]).toEqual([
      'opened_not_sent',
      ['sealed done', 'received done', 'opened done', 'answered current'],
    ]);
    const lost = report([office('HCA12', 'pending', 'connection_lost'), office('SCA01', 'pending', 'busy')]);
    made.end.tell({ step: 'status', view: view('delivering'), report: lost });
    expect([wayOf(made).activity, shown(made)]).toEqual([
      'opened_not_known',
      ['sealed done', 'received done', 'opened done', 'answered current'],
    ]);
  });

  it('waits and tries again, and remembers when the server last answered', async () => {
    const made = await sent();
    made.nowMs += 5000;
    made.end.tell({ step: 'waiting', during: 'following', waitMs: 2000, because: 'unreachable' });
    expect(wayOf(made)).toMatchObject({
      heardAtMs: NOW_MS,
      waiting: { during: 'following', untilMs: NOW_MS + 7000, because: 'unreachable' },
    });
    made.end.tell({ step: 'status', view: view('delivering'), report: null });
    expect(wayOf(made)).toMatchObject({ heardAtMs: NOW_MS + 5000, waiting: undefined });
  });

  it('remembers a bounded number of states, however many the server reports', async () => {
    const made = await sent();
    for (let attempts = 0; attempts < 1000; attempts++)
      made.end.tell({ step: 'status', view: view('delivering', { attempts }), report: null });
    expect(wayOf(made).log).toHaveLength(MAX_LOG);
    expect(wayOf(made).states).toBe(1005);
  });

  it('goes back to the first step when it is sealed again under a new key, and stays accepted', async () => {
    const made = await sent();
    made.end.tell({ step: 'status', view: view('key_retired'), report: null }, { step: 'resealing' });
    expect([wayOf(made).activity, shown(made)[0], wayOf(made).sent]).toEqual([
      'sealing_again',
      'sealed current',
      'accepted',
    ]);
    made.end.tell(sealed, { step: 'posting', attempt: 1 }, accepted);
    expect(shown(made)[1]).toBe('received done');
  });
});

describe('a message that ended', () => {
  it.each([
    ['delivered', delivered, ['done', 'done']],
    ['partially_delivered', report([office('HCA12', 'accepted'), office('SCA01', 'refused')]), ['done', 'done']],
    [
      'refused',
      report([office('HCA12', 'refused', 'refused_by_office'), office('SCA01', 'refused')]),
      ['done', 'done'],
    ],
    [
      'refused',
      report(
        [office('HCA12', 'refused', 'message_invalid'), office('SCA01', 'refused', 'message_invalid')],
        [{ pointer: '/constituent/zip', code: 'invalid', message: '/constituent/zip: is invalid' }],
      ),
      ['done', 'missed'],
    ],
    ...['claim_not_opened', 'campaign_not_accepted', 'district_ended', 'office_not_of_district'].map(
      (code) => ['refused', report([office('HCA12', 'refused', code)]), ['done', 'missed']] as const,
    ),
    ['refused', null, ['missed', 'missed']],
    ['unknown', report([office('HCA12', 'accepted'), office('SCA01', 'unknown')]), ['done', 'open']],
    ['unknown', null, ['open', 'open']],
    ['expired', report([office('HCA12', 'accepted'), office('SCA01', 'pending')]), ['done', 'open']],
    ['expired', report([office('HCA12', 'pending', 'maintenance')]), ['done', 'missed']],
    ['expired', report([office('HCA12', 'pending', 'server_error')]), ['done', 'open']],
    ['key_retired', report([office('HCA12', 'pending', 'connection_lost')]), ['done', 'open']],
    ['expired', null, ['missed', 'missed']],
    ['key_retired', null, ['missed', 'missed']],
  ] as const)('as %s (%#) shows what happened and what did not', async (status, of, [opened, answered]) => {
    const made = await sent();
    made.end.tell({ step: 'status', view: view(status), report: of });
    await made.end.end(result(status, of));
    expect(shown(made).slice(2)).toEqual([`opened ${opened}`, `answered ${answered}`]);
  });

  it('could not be closed before it ended, and is forgotten by the page once it is closed', async () => {
    const made = await sent();
    made.store.close();
    expect(made.store.busy.value).toBe(true);
    await made.end.end(result('delivered', delivered));
    made.store.close();
    expect(made.store.sending.value).toEqual({ kind: 'idle' });
    expect(made.store.can.value).toEqual({ again: false, ask: false });
  });
});

describe('a message that failed', () => {
  it('is still shown as opened if the enclave has signed a receipt for it', async () => {
    const made = await sent();
    const pending = report([office('HCA12', 'pending', 'maintenance')]);
    made.end.tell({ step: 'status', view: view('queued'), report: pending });
    await made.end.fail(failed('aborted', { sent: 'accepted' }));
    expect(shown(made).slice(2)).toEqual(['opened done', 'answered open']);
  });

  type Case = readonly [name: string, error: ClientError, whether: WhetherSent, remedy: string];
  const known = { messageId: ID, sent: 'not_known' } as const;
  const has = { messageId: ID, sent: 'accepted' } as const;
  it.each<Case>([
    ['401', refused(401, 'unauthenticated'), 'not_sent', 'sign_in'],
    ['401 after an attempt without an answer', refused(401, 'unauthenticated', known), 'not_known', 'sign_in'],
    ['no token', failed('token_unavailable'), 'not_sent', 'sign_in'],
    ['429', refused(429, 'rate_limited', { retryAfterSeconds: 90 }), 'not_sent', 'again'],
    ['503', refused(503, 'emergency_stop'), 'not_sent', 'again'],
    ['503 that may hide a commit', refused(503, 'database_unavailable', known), 'not_known', 'ask'],
    ['a connection lost before anything was posted', failed('unreachable'), 'not_sent', 'again'],
    ['a connection lost while it was posted', failed('unreachable', known), 'not_known', 'ask'],
    ['a connection lost while it was followed', failed('unreachable', has), 'accepted', 'ask'],
    ['a message that Congress would not take', failed('message_invalid'), 'not_sent', 'correct'],
    ['an enclave that is refused', failed('attestation_refused', { reason: 'X' }), 'not_sent', 'check'],
    ['a duplicate that the person refused', failed('duplicate_not_accepted'), 'not_sent', 'again'],
    ['a receipt that does not verify', failed('receipt_refused', has), 'accepted', 'ask'],
    ['no end in time', failed('timeout', has), 'accepted', 'ask'],
  ])('because of %s shows whether it was sent, and what the person can do', async (_, error, whether, remedy) => {
    const made = script();
    made.store.startSending(message);
    const call = await made.call();
    call.tell({ step: 'attesting' }, attested, sealed, { step: 'posting', attempt: 1 });
    if (whether === 'accepted') call.tell(accepted);
    await call.fail(error);
    expect(failureIn(made).sent).toBe(whether);
    expect(remedyOf(failureIn(made), made.store.can.value)).toBe(remedy);
    expect(made.store.busy.value).toBe(false);
    expect(shown(made)[1]).toBe(
      { not_sent: 'received missed', not_known: 'received open', accepted: 'received done' }[whether],
    );
  });

  it('shows when the server accepts the next request', async () => {
    const made = script();
    made.store.startSending(message);
    await (await made.call()).fail(refused(429, 'rate_limited', { retryAfterSeconds: 90 }));
    expect(failureIn(made).retryAtMs).toBe(NOW_MS + 90_000);
  });

  it('is not sent, and the client does not connect, if the enclave is not verified', async () => {
    const made = script();
    made.policy = undefined;
    made.store.startSending(message);
    await settled();
    expect(failureIn(made)).toMatchObject({ code: 'not_verified', sent: 'not_sent' });
    expect(remedyOf(failureIn(made), made.store.can.value)).toBe('check');
    expect(made.calls).toEqual([]);
  });

  it('is not sent if the sending part of the page cannot be loaded, and can be tried again', async () => {
    const made = script();
    made.loadError = new NotLoaded('no connection');
    made.store.startSending(message);
    await settled();
    expect(failureIn(made)).toMatchObject({ code: 'not_loaded', sent: 'not_sent' });
    made.loadError = undefined;
    made.store.tryAgain();
    expect((await made.call()).given).toBe(message);
  });

  it('is sent again if it was certainly not sent', async () => {
    const made = script();
    made.store.startSending(message);
    await (await made.call()).fail(refused(503, 'emergency_stop'));
    made.store.tryAgain();
    const second = await made.call();
    expect([made.calls.length, second.kind]).toEqual([2, 'send']);
    expect(second.given).toBe(message);
  });

  it('is never posted a second time after an attempt without an answer, and the server is asked for its status instead', async () => {
    const made = script();
    made.store.startSending(message);
    const first = await made.call();
    first.tell(sealed, { step: 'posting', attempt: 1 });
    await first.fail(failed('unreachable', { messageId: ID, sent: 'not_known' }));
    made.store.tryAgain();
    const second = await made.call();
    expect([second.kind, second.given]).toEqual(['resume', keptMessage(ID, false)]);
    second.tell(accepted, { step: 'status', view: view('delivered'), report: delivered });
    await second.end(result('delivered', delivered));
    expect(shown(made)).toEqual(['sealed done', 'received done', 'opened done', 'answered done']);
  });

  it('stays unknown while the server cannot be asked, and stays accepted once the server has confirmed it', async () => {
    const made = script();
    made.store.startSending(message);
    const first = await made.call();
    first.tell(sealed, { step: 'posting', attempt: 1 });
    await first.fail(failed('unreachable', { messageId: ID, sent: 'not_known' }));
    made.connectError = failed('unreachable');
    made.store.tryAgain();
    await settled();
    expect(failureIn(made).sent).toBe('not_known');
    made.connectError = undefined;
    made.store.tryAgain();
    const second = await made.call();
    second.tell(accepted);
    await second.fail(failed('unreachable', { messageId: ID, sent: 'accepted' }));
    made.policy = undefined;
    made.store.tryAgain();
    await settled();
    expect(failureIn(made)).toMatchObject({ code: 'not_verified', sent: 'accepted' });
  });

  it('can be followed again after the person has closed it', async () => {
    const made = await sent();
    await made.end.fail(failed('timeout', { messageId: ID, sent: 'accepted' }));
    made.store.close();
    expect(made.store.left.value).toEqual([{ keptAtMs: NOW_MS, kept: keptMessage() }]);
    const [entry] = made.store.left.value;
    if (entry !== undefined) made.store.resume(entry);
    expect([(await made.call()).kind, made.store.left.value]).toEqual(['resume', []]);
    await (await made.call()).end(result('delivered', delivered));
    made.store.close();
    expect(made.store.left.value).toEqual([]);
  });

  it('fails with page_fault after an error in this page’s own code, and the error is reported', async () => {
    const made = await sent();
    const mistake = new TypeError('x is undefined');
    await made.end.fail(mistake);
    expect(failureIn(made)).toMatchObject({ code: 'page_fault', sent: 'accepted' });
    expect(made.reported).toEqual([mistake]);
  });
});

describe('stopping', () => {
  it('stops following the message, and shows whether it was sent as far as the client knows', async () => {
    const made = await sent();
    made.store.stop();
    expect(made.end.signal.aborted).toBe(true);
    await settled();
    expect(failureIn(made)).toMatchObject({ code: 'aborted', sent: 'accepted' });
  });

  it('answers an open question with no', async () => {
    const made = await sent();
    const answer = made.end.ask({ when: 'sending_again', chambers: ['senate'] });
    expect(made.store.question.value?.risk).toEqual({ when: 'sending_again', chambers: ['senate'] });
    made.store.stop();
    await settled();
    await expect(answer).resolves.toBe(false);
    expect(made.store.question.value).toBeUndefined();
  });
});

describe('a message that may arrive twice', () => {
  it.each([true, false])('leads to one question, and the client gets the person’s answer %s', async (yes) => {
    const made = await sent();
    const answer = made.end.ask({ when: 'sending_again', chambers: ['house', 'senate'] });
    made.store.question.value?.answer(yes);
    await expect(answer).resolves.toBe(yes);
    expect(made.store.question.value).toBeUndefined();
    expect(made.store.busy.value).toBe(true);
  });
});

describe('a message that is being sent while the page’s policy changes', () => {
  const other = { acceptedMeasurements: [{ pcr0: 'cd'.repeat(48), operator: 'any' }] } as const;

  it.each([
    ['no policy', undefined],
    ['another policy', other],
  ])('is not posted if the page now has %s', async (_, policy) => {
    const made = script();
    made.store.startSending(message);
    const call = await made.call();
    const answer = call.ask({ when: 'sending', chambers: ['senate'] });
    made.policy = policy;
    made.store.question.value?.answer(true);
    await expect(answer).resolves.toBe(true);
    call.tell(attested, sealed);
    expect(call.signal.aborted).toBe(true);
    expect(made.store.kept.value).toBeUndefined();
    await call.fail(failed('aborted'));
    await settled();
    expect(failureIn(made).code).toBe('not_verified');
  });

  it('is not sealed again under another policy, and the page still follows its first sealed form', async () => {
    const made = await sent();
    made.policy = other;
    made.end.tell({ step: 'resealing' });
    expect(made.end.signal.aborted).toBe(true);
    made.end.tell({ ...sealed, kept: keptMessage('00000000-0000-4000-8000-000000000002') } as SendState);
    await settled();
    expect(failureIn(made)).toMatchObject({ code: 'not_verified', sent: 'accepted' });
    expect(made.store.kept.value?.kept).toEqual(keptMessage());
  });

  it('is sent if the new policy accepts the same measurement, and stays accepted if the page later has no policy', async () => {
    const made = script();
    made.store.startSending(message);
    const call = await made.call();
    made.policy = { acceptedMeasurements: [{ pcr0: 'ab'.repeat(48), operator: 'any' }] };
    call.tell(attested, sealed, { step: 'posting', attempt: 1 }, accepted);
    made.policy = undefined;
    call.tell({ step: 'status', view: view('delivered'), report: delivered });
    expect([call.signal.aborted, wayOf(made).sent]).toEqual([false, 'accepted']);
  });
});

describe('a message that the person wants remembered', () => {
  it('is not stored on this device before the person agrees', async () => {
    const made = await sent();
    expect(made.storage.values.size).toBe(0);
    await made.end.fail(failed('timeout', { messageId: ID, sent: 'accepted' }));
    expect(made.storage.values.size).toBe(0);
  });

  it('is stored on the device before it is posted, and is stored as accepted once the server has it', async () => {
    const made = script();
    made.store.setRemember(true);
    made.store.startSending(message);
    const call = await made.call();
    expect(made.storage.values.size).toBe(0);
    call.tell(attested, sealed);
    expect(made.messageStorage.entries.value).toEqual([{ keptAtMs: NOW_MS, kept: keptMessage(ID, false) }]);
    made.nowMs += 1000;
    call.tell({ step: 'posting', attempt: 1 }, accepted);
    expect(made.messageStorage.entries.value).toEqual([{ keptAtMs: NOW_MS, kept: keptMessage() }]);
    expect(made.store.remembered.value).toBe('yes');
  });

  it('can be kept and forgotten at any time while it is under way', async () => {
    const made = await sent();
    made.store.setRemember(true);
    expect(made.messageStorage.entries.value).toHaveLength(1);
    made.store.setRemember(false);
    expect([made.messageStorage.entries.value, made.storage.values.size, made.store.remembered.value]).toEqual([
      [],
      0,
      'no',
    ]);
  });

  it('is forgotten when the person has seen how it ended, and not before', async () => {
    const made = await sent();
    made.store.setRemember(true);
    made.store.seen();
    await made.end.end(result('delivered', delivered));
    expect(made.storage.values.size).toBe(1);
    made.store.seen();
    expect(made.storage.values.size).toBe(0);
  });

  it('is forgotten if it was certainly not sent, and kept if it may have been sent', async () => {
    const made = script();
    made.store.setRemember(true);
    made.store.startSending(message);
    const call = await made.call();
    call.tell(sealed, { step: 'posting', attempt: 1 });
    await call.fail(failed('unreachable', { messageId: ID, sent: 'not_known' }));
    expect(made.messageStorage.entries.value).toMatchObject([{ kept: { accepted: false } }]);
    made.store.close();
    expect(made.messageStorage.entries.value).toHaveLength(1);
    made.store.setRemember(true);
    made.store.startSending(message);
    const second = await made.call();
    second.tell({ ...sealed, kept: keptMessage('00000000-0000-4000-8000-000000000002') } as SendState);
    expect(made.messageStorage.entries.value).toHaveLength(2);
    await second.fail(refused(401, 'unauthenticated'));
    expect(made.messageStorage.entries.value.map(({ kept }) => kept.id)).toEqual([ID]);
  });

  it('is reported as not stored if the browser refuses to store it', async () => {
    const made = await sent();
    made.storage.refuses = true;
    made.store.setRemember(true);
    expect(made.store.remembered.value).toBe('refused');
  });
});

describe('a message from an earlier visit', () => {
  const entry = { keptAtMs: NOW_MS - 60_000, kept: keptMessage() };

  it('is followed to its end, with the times of the earlier visit', async () => {
    const made = script();
    made.messageStorage.keep(entry);
    made.store.resume(entry);
    const call = await made.call();
    expect([call.kind, call.given]).toEqual(['resume', entry.kept]);
    call.tell(accepted, { step: 'status', view: view('delivered'), report: delivered });
    await call.end(result('delivered', delivered));
    expect(wayOf(made)).toMatchObject({
      resumed: true,
      offices: ['HCA12', 'SCA01'],
      reachedAtMs: { sealed: NOW_MS - 60_000, received: NOW_MS, opened: NOW_MS + 5000, answered: NOW_MS + 5000 },
    });
    made.store.seen();
    expect(made.storage.values.size).toBe(0);
  });

  it('is never reported as not sent, whatever fails later', async () => {
    const made = script();
    made.connectError = failed('attestation_refused');
    made.store.resume(entry);
    await settled();
    expect(failureIn(made)).toMatchObject({ code: 'attestation_refused', sent: 'accepted' });
    expect(shown(made)).toEqual(['sealed done', 'received done', 'opened open', 'answered waiting']);
    made.connectError = undefined;
    made.store.tryAgain();
    await (await made.call()).fail(refused(401, 'unauthenticated'));
    expect(failureIn(made).sent).toBe('accepted');
    expect(remedyOf(failureIn(made), made.store.can.value)).toBe('sign_in');
  });

  it('stays on the device if it could not be followed', async () => {
    const made = script(new TestStorage());
    made.messageStorage.keep(entry);
    made.store.resume(entry);
    await (await made.call()).fail(failed('unreachable', { messageId: ID, sent: 'not_known' }));
    expect(made.messageStorage.entries.value).toEqual([entry]);
  });

  it('is shown as remembered only if this device keeps it', async () => {
    const made = script();
    made.store.resume(entry);
    expect([made.store.remember.value, made.store.remembered.value]).toEqual([false, 'no']);
    await (await made.call()).fail(failed('timeout', { messageId: ID, sent: 'accepted' }));
    made.messageStorage.keep(entry);
    made.store.resume(entry);
    expect([made.store.remember.value, made.store.remembered.value]).toEqual([true, 'yes']);
  });

  it('cannot be followed again if the kept data cannot be read', async () => {
    const made = script();
    made.store.resume(entry);
    await (await made.call()).fail(failed('kept_invalid', { sent: 'not_known' }));
    expect(remedyOf(failureIn(made), made.store.can.value)).toBe('none');
  });
});

it('closingLosesMessage is true only while closing the page could lose the message or its result', async () => {
  const made = script();
  const lost = (isKept = false) => closingLosesMessage(made.store.sending.value, isKept);
  expect(lost()).toBe(false);
  made.store.startSending(message);
  expect(lost()).toBe(true);
  const call = await made.call();
  call.tell(sealed, { step: 'posting', attempt: 1 });
  // Closing now may cut the request, so the message may never arrive
  expect([lost(), lost(true)]).toEqual([true, true]);
  call.tell(accepted);
  expect([lost(), lost(true)]).toEqual([true, false]);
  await call.fail(failed('unreachable', { messageId: ID, sent: 'accepted' }));
  expect([lost(), lost(true)]).toEqual([true, false]);
  made.store.tryAgain();
  const second = await made.call();
  await second.end(result('delivered', delivered));
  expect(lost()).toBe(false);
  made.store.close();
  made.store.startSending(message);
  await (await made.call()).fail(refused(401, 'unauthenticated'));
  expect(lost()).toBe(false);
});
