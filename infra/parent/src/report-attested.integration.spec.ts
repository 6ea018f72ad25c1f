import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandAvailability, describeWith } from '@communique-tee/testing/harness';
import { renderParentFiles } from './index';
import { ON_PARENT } from './testing/example-settings';
import { run } from './testing/run';
import { scriptEnvironment, stageScripts, writeScript, type StagedScripts } from './testing/staged-scripts';

let staged: StagedScripts;
let bin: string;
beforeAll(async () => {
  staged = await stageScripts('report-attested');
});
afterAll(() => staged.folder.remove());
beforeEach(async () => {
  bin = await staged.newBin();
});

const script = (name: string, body: string) => writeScript(bin, name, body);
const environment = (more: Record<string, string> = {}) => scriptEnvironment(bin, staged.folder.path, more);

describeWith(commandAvailability('jq', 'jq'), 'report-attested', () => {
  const well = {
    status: 'ok',
    details: { enclave: { status: 'up' }, attestation: { status: 'up' }, budget: { status: 'up' } },
  };
  /** Runs the script with these answers of AWS and the gateway, in order; the last one repeats. `undefined`: no answer. */
  const report = async (
    states: readonly (string | undefined)[],
    healths: readonly (object | undefined)[],
    complete = 'exit 0',
    within = '1800',
    more: {
      readonly awaited?: string;
      readonly heartbeat?: string;
      readonly sleep?: string;
    } = {},
  ) => {
    const count = (name: string) => `n=$(cat ${bin}/${name} 2>/dev/null || echo 0); echo $((n + 1)) > ${bin}/${name}`;
    const answers = (values: readonly (string | undefined)[], otherwise: string) =>
      values
        .map(
          (value, index) =>
            `${index === values.length - 1 ? '*' : String(index)}) ${value === undefined ? otherwise : `echo '${value}'`} ;;`,
        )
        .join('\n');
    const described = states.map((state) =>
      state === undefined
        ? undefined
        : JSON.stringify({ AutoScalingInstances: state === '' ? [] : [{ LifecycleState: state }] }),
    );
    await script(
      'aws',
      `echo "$*" >> ${bin}/calls\ncase $2 in\n describe-auto-scaling-instances) ${count('described')}; case $n in\n${answers(described, 'exit 254')}\nesac ;;\n complete-lifecycle-action) ${count('completed')}; ${complete} ;;\n record-lifecycle-action-heartbeat) ${count('heartbeats')}; ${more.heartbeat ?? 'exit 0'} ;;\nesac`,
    );
    await script(
      'curl',
      `case "$*" in *instance-id*) echo i-0me ;; *api/token*) echo token ;; *http://127.0.0.1:3001/api/health/tee) ${count('asked')}; case $n in\n${answers(
        healths.map((health) => (health === undefined ? undefined : JSON.stringify(health))),
        'exit 7',
      )}\nesac ;; *) exit 2 ;; esac`,
    );
    // Each check takes a second.
    await script('cut', `${count('seconds')}; echo $n`);
    if (more.sleep !== undefined) await script('sleep', more.sleep);
    if (more.awaited !== undefined) await writeFile(join(bin, 'awaited'), more.awaited);
    const ran = await run(join(staged.programs, 'report-attested'), [], {
      env: environment({
        AUTO_SCALING_GROUP: 'communique-tee-dev-parent',
        LAUNCH_HOOK: 'enclave-attested',
        LAUNCH_LIMIT_SECONDS: within,
        HEALTH_URL: 'http://127.0.0.1:3001/api/health/tee',
        PAUSE_SECONDS: '0',
        AWAITED_FILE: join(bin, 'awaited'),
      }),
    });
    const events = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const calls = (await readFile(join(bin, 'calls'), 'utf8')).trim().split('\n');
    return { ...ran, events, calls, completed: calls.filter((call) => call.includes('complete-lifecycle-action')) };
  };

  it('sends CONTINUE once enclave and attestation are up, and logs each earlier state', async () => {
    const { code, events, completed } = await report(
      ['Pending', 'Pending:Wait'],
      [
        undefined,
        {
          status: 'error',
          details: {
            enclave: { status: 'down', code: 'enclave_unavailable' },
            attestation: { status: 'down', code: 'attestation_not_yet_verified' },
          },
        },
        well,
      ],
    );
    expect(code).toBe(0);
    expect(completed).toEqual([
      'autoscaling complete-lifecycle-action --auto-scaling-group-name communique-tee-dev-parent --lifecycle-hook-name enclave-attested --instance-id i-0me --lifecycle-action-result CONTINUE',
    ]);
    expect(events.map(({ event, enclaveAndAttestation }) => [event, enclaveAndAttestation])).toEqual([
      ['launch_health', 'no answer'],
      ['launch_health', 'down (enclave_unavailable) down (attestation_not_yet_verified)'],
      ['launch_health', 'up up'],
      ['launch_completed', undefined],
    ]);
  });

  it('sends CONTINUE during an emergency stop, because another instance would not help', async () => {
    const { code, completed } = await report(
      ['Pending:Wait'],
      [{ ...well, status: 'error', details: { ...well.details, budget: { status: 'down', code: 'emergency_stop' } } }],
    );
    expect([code, completed.length]).toEqual([0, 1]);
  });

  it.each([
    [
      'an enclave that is up but not trusted',
      { ...well, details: { ...well.details, attestation: { status: 'down', code: 'attestation_refused' } } },
    ],
    [
      'attestation that is not verified at all',
      { ...well, details: { ...well.details, attestation: { status: 'degraded', code: 'attestation_not_verified' } } },
    ],
    ['an answer in another form', { hello: 'world' }],
    ['no answer', undefined],
  ])('never sends CONTINUE for %s, and gives up', async (_name, health) => {
    const { code, events, completed } = await report(['Pending:Wait'], [health], 'exit 0', '6');
    expect([code, completed]).toEqual([78, []]);
    expect(events.at(-1)).toMatchObject({ event: 'launch_never_attested', level: 'error', withinSeconds: 6 });
  });

  it.each([
    ['InService', 'after a reboot'],
    ['', 'outside a group'],
    ['Terminating:Wait', 'while it terminates'],
  ])('sends nothing if no group waits for the instance: %s (%s)', async (state) => {
    const { code, events, completed } = await report([state], [well]);
    expect([code, completed]).toEqual([0, []]);
    expect(events).toMatchObject([
      { event: 'launch_not_waiting', instance: 'i-0me', state: state === '' ? 'none' : state },
    ]);
  });

  it('tries again if AWS does not answer, or refuses once', async () => {
    const { code, events, completed } = await report(
      [undefined, 'Pending:Wait'],
      [well],
      '((n > 0)) || { echo Throttling >&2; exit 254; }',
    );
    expect([code, completed.length]).toEqual([0, 2]);
    expect(events.map(({ event }) => event)).toEqual([
      'launch_state_unknown',
      'launch_health',
      'launch_not_completed',
      'launch_completed',
    ]);
    expect(events[2]).toMatchObject({ refusal: 'Throttling' });
  });

  describe('while secrets wait for the operator', () => {
    const AWAITED = 'DATABASE_URL\nREDIS_URL\n';

    it('keeps the hook open, names the secrets, and sends CONTINUE once they have values', async () => {
      // The secrets get values at the fifth heartbeat, long after the hook's own time.
      const { code, events, calls, completed } = await report(
        ['Pending:Wait'],
        [...Array.from({ length: 16 }, () => undefined), well],
        'exit 0',
        '12',
        { awaited: AWAITED, heartbeat: `((n < 4)) || rm -f ${bin}/awaited` },
      );
      expect([code, completed.length]).toEqual([0, 1]);
      const waits = events.filter(({ event }) => event === 'launch_waits_for_secrets');
      expect(waits.length).toBeGreaterThan(3);
      expect(waits[0]).toMatchObject({ level: 'warn', secrets: 'DATABASE_URL REDIS_URL' });
      expect(calls.filter((call) => call.includes('heartbeat')).at(0)).toBe(
        'autoscaling record-lifecycle-action-heartbeat --auto-scaling-group-name communique-tee-dev-parent --lifecycle-hook-name enclave-attested --instance-id i-0me',
      );
    });

    it('gives up if the hook’s time is over and AWS accepts no heartbeat', async () => {
      const { code, events } = await report(['Pending:Wait'], [undefined], 'exit 0', '12', {
        awaited: AWAITED,
        heartbeat: 'echo "No active Lifecycle Action found" >&2; exit 254',
      });
      expect([code, events.at(-1)?.['event']]).toEqual([78, 'launch_never_attested']);
      expect(events).toContainEqual(
        expect.objectContaining({ event: 'launch_not_kept_open', refusal: 'No active Lifecycle Action found' }),
      );
    });

    it.each([
      ['no secret waits for a value', ['Pending:Wait'], undefined],
      ['the group has not come to the hook yet', ['Pending'], AWAITED],
    ])('sends no heartbeat if %s', async (_name, states, awaited) => {
      const { code, calls } = await report(
        states,
        [undefined],
        'exit 0',
        '12',
        awaited === undefined ? {} : { awaited },
      );
      expect(code).toBe(78);
      expect(calls.filter((call) => call.includes('heartbeat'))).toEqual([]);
    });
  });

  it('makes no request about addresses without an Elastic IP', async () => {
    const { calls } = await report(['Pending:Wait'], [well]);
    expect(calls.filter((call) => call.includes('address'))).toEqual([]);
  });

  it.each(['Terminating:Wait', 'Terminating', ''])(
    'logs launch_never_attested if the group ends the hook first: %s',
    async (state) => {
      const { code, events, completed } = await report(['Pending:Wait', state], [undefined]);
      expect([code, completed]).toEqual([78, []]);
      expect(events.at(-1)).toMatchObject({
        event: 'launch_never_attested',
        level: 'error',
        enclaveAndAttestation: 'no answer',
        reason: 'the group ended the hook',
        state: state === '' ? 'none' : state,
      });
    },
  );

  it('logs launch_never_attested if the hook ended before AWS received CONTINUE', async () => {
    const { code, events } = await report(
      ['Pending:Wait', 'Terminating'],
      [well],
      'echo "No active Lifecycle Action found" >&2; exit 254',
    );
    expect([code, events.at(-1)?.['event']]).toEqual([78, 'launch_never_attested']);
  });

  it('does not log launch_never_attested if AWS received CONTINUE, although its answer was lost', async () => {
    const { code, events } = await report(['Pending:Wait', 'InService'], [well], 'exit 254');
    expect([code, events.at(-1)?.['event']]).toEqual([0, 'launch_not_waiting']);
  });

  describe('stopped by a signal', () => {
    it('logs launch_never_attested if the group was waiting for the instance', async () => {
      const { code, events, completed } = await report(['Pending:Wait'], [undefined], 'exit 0', '1800', {
        sleep: 'kill -TERM $PPID',
      });
      expect([code, completed]).toEqual([143, []]);
      expect(events.filter(({ event }) => event === 'launch_never_attested')).toEqual([
        expect.objectContaining({ level: 'error', enclaveAndAttestation: 'no answer', reason: 'stopped by systemd' }),
      ]);
    });

    it('does not log launch_never_attested if the group was not waiting yet', async () => {
      const { code, events } = await report(['Pending'], [undefined], 'exit 0', '1800', { sleep: 'kill -TERM $PPID' });
      expect([code, events.map(({ event }) => event)]).toEqual([143, ['launch_health']]);
    });
  });

  describe('in a group whose hook has a time limit', () => {
    // AWS's hook began 90 seconds before the machine booted; each check takes a minute.
    const [HOOK_SECONDS, HEAD_START, STEP] = [1800, 90, 60];
    const now = `$(cat $BIN/seconds) * ${String(STEP)}`;
    const launch = async (awaitedUntil = 0) => {
      const { content } = renderParentFiles(ON_PARENT)['/etc/communique/launch.env'] ?? { content: '' };
      const within = /^LAUNCH_LIMIT_SECONDS="(\d+)"$/m.exec(content)?.[1] ?? '';
      await script(
        'aws',
        `BIN=${bin}; echo "$*" >> $BIN/calls
case $2 in
  describe-auto-scaling-instances) state=Pending:Wait; ((${now} < $(cat $BIN/ends))) || state=Terminating:Wait; echo $state >> $BIN/states
    echo "{\\"AutoScalingInstances\\":[{\\"LifecycleState\\":\\"$state\\"}]}" ;;
  record-lifecycle-action-heartbeat) echo $((${now} + ${String(HOOK_SECONDS)})) > $BIN/ends; ((${now} < ${String(awaitedUntil)})) || rm -f $BIN/awaited ;;
esac`,
      );
      await script('curl', 'case "$*" in *instance-id*) echo i-0me ;; *api/token*) echo token ;; *) exit 7 ;; esac');
      await script('cut', `n=$(cat ${bin}/seconds); echo $((n + 1)) > ${bin}/seconds; echo $((n * ${String(STEP)}))`);
      await writeFile(join(bin, 'seconds'), '0');
      await writeFile(join(bin, 'ends'), String(HOOK_SECONDS - HEAD_START));
      if (awaitedUntil > 0) await writeFile(join(bin, 'awaited'), 'DATABASE_URL\n');
      const ran = await run(join(staged.programs, 'report-attested'), [], {
        env: environment({
          AUTO_SCALING_GROUP: 'communique-tee-dev-parent',
          LAUNCH_HOOK: 'enclave-attested',
          LAUNCH_LIMIT_SECONDS: within,
          HEALTH_URL: 'http://127.0.0.1:3001/api/health/tee',
          PAUSE_SECONDS: '0',
          AWAITED_FILE: join(bin, 'awaited'),
        }),
      });
      const last = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
      return {
        code: ran.code,
        last,
        states: new Set((await readFile(join(bin, 'states'), 'utf8')).trim().split('\n')),
      };
    };

    it.each([
      ['without a heartbeat', 0],
      ['after heartbeats while it waited for secrets', 4000],
    ])('gives up before AWS ends the hook, %s', async (_name, awaitedUntil) => {
      const { code, last, states } = await launch(awaitedUntil);
      expect([code, last['event'], last['reason']]).toEqual([78, 'launch_never_attested', undefined]);
      expect([...states]).toEqual(['Pending:Wait']);
    });
  });
});
