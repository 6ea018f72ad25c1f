import { CommandLine } from '@communique-tee/command-line';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { readFileSync, writeFileSync } from 'node:fs';
import { firstHour } from '../command';
import type { Ports } from '../ports';
import type { Ended } from '../step';
import { THEMES } from '../steps';

export const FACTS = {
  account: '123456789012',
  instance: 'i-0123456789abcdef0',
  next: 'i-0fedcba9876543210',
  ip: '203.0.113.7',
};
const ok = (value: unknown): Ended => ({
  code: 0,
  stdout: typeof value === 'string' ? value : JSON.stringify(value),
  stderr: '',
});
const event = (message: object): Ended => ok({ events: [{ message: JSON.stringify(message) }] });

/** What the command of each step prints if the step is proved. */
export const WELL: Readonly<Record<string, Ended>> = {
  account: ok({ Account: FACTS.account, Arn: `arn:aws:sts::${FACTS.account}:assumed-role/deployer/ada` }),
  preflight: ok({ fail: 0, warn: 1, checks: [] }),
  price: ok({ items: [{ item: 'EC2', monthlyUsd: '79.69' }] }),
  deploy: ok(''),
  'in-service': ok({
    AutoScalingGroups: [{ Instances: [{ InstanceId: FACTS.instance, LifecycleState: 'InService' }] }],
  }),
  'launch-log': event({ event: 'launch_completed', upSeconds: 211 }),
  console: ok({ Output: 'cloud-init[1]: finished' }),
  address: ok({ Addresses: [{ PublicIp: FACTS.ip, InstanceId: FACTS.instance }] }),
  volume: ok({ Volumes: [{ Attachments: [{ InstanceId: FACTS.instance, State: 'attached' }] }] }),
  boot: event({ event: 'clock', clocksource: 'arch_sys_counter', rtc: 'rtc-pl031' }),
  clock: event({ event: 'clock_checked', differenceMs: -12 }),
  attested: ok({ trusted: true, attestation: { key_binding: { custody: 'arn:aws:kms:us-east-1:1:alias/a' } } }),
  'kms-opens': ok({ status: 'ready', keys: 'ready' }),
  'kms-refuses': {
    code: 254,
    stdout: '',
    stderr: 'An error occurred (AccessDeniedException) when calling the Decrypt operation: no',
  },
  dns: ok(`${FACTS.ip}\n`),
  certificate: ok('200'),
  subscription: ok({
    Subscriptions: [
      { TopicArn: 'arn:aws:sns:us-east-1:1:communique-tee-dev-alarms', SubscriptionArn: 'arn:aws:sns:x' },
    ],
  }),
  'alarm-mail': ok(''),
  'key-watch': ok(''),
  metrics: ok({ Metrics: [{ MetricName: 'a' }, { MetricName: 'a' }] }),
  loss: ok({}),
  replaced: ok({ AutoScalingGroups: [{ Instances: [{ InstanceId: FACTS.next, LifecycleState: 'InService' }] }] }),
  'address-moved': ok({ Addresses: [{ PublicIp: FACTS.ip, InstanceId: FACTS.next }] }),
  'volume-moved': ok({ Volumes: [{ Attachments: [{ InstanceId: FACTS.next, State: 'attached' }] }] }),
  destroy: ok(''),
  'nothing-left': ok({ ResourceTagMappingList: [{ ResourceARN: 'arn:aws:kms:us-east-1:1:key/a' }] }),
  'logs-gone': ok({ logGroups: [] }),
  'keys-end': ok('PendingDeletion\n'),
};

export interface ReportJson {
  readonly themes: readonly { steps: readonly { name: string; verdict: string; observed: string }[] }[];
}

/** The program in a temporary checkout. The steps' commands do not run: `answers` has their output. */
export class World implements AsyncDisposable {
  answers: Record<string, Ended | (() => Ended)> = { ...WELL };
  agrees: boolean | undefined = true;
  env: Record<string, string> = {};
  readonly ran: string[] = [];
  readonly environments = new Map<string, Readonly<Record<string, string>>>();
  interrupt: () => void = () => undefined;
  #nowMs = Date.parse('2026-12-01T10:00:00Z');

  constructor(readonly folder: TemporaryFolder) {}

  static async create(): Promise<World> {
    const folder = await temporaryFolder('first-hour-');
    writeFileSync(
      folder.file('Pulumi.dev.yaml'),
      'config:\n  aws:region: us-east-1\n  communique-tee:domain: dev.communique.test\n',
    );
    return new World(folder);
  }

  async run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ['', ''];
    // Some steps have the same command. The output so far tells which of them runs.
    const steps = THEMES.flatMap((theme) => theme.steps);
    const ports: Ports = {
      root: this.folder.path,
      env: this.env,
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      run: (command, env) => {
        const named = steps.filter((step) => step.command === command);
        const name =
          (
            named.find(
              (step) => out.lastIndexOf(`\n${step.name}: ${step.shows}`) >= 0 && isLast(out, step.name, named),
            ) ?? named[0]
          )?.name ?? '';
        this.ran.push(name);
        this.environments.set(name, env);
        const answer = this.answers[name] ?? { code: 1, stdout: '', stderr: '' };
        return Promise.resolve(typeof answer === 'function' ? answer() : answer);
      },
      ask: () => Promise.resolve(this.agrees),
      pause: (seconds) => {
        this.#nowMs += seconds * 1000;
        return Promise.resolve();
      },
      nowMs: () => this.#nowMs,
      source: () => ({ version: '0.1.0', commit: 'c'.repeat(40) }),
      onInterrupt: (called) => {
        this.interrupt = called;
        return () => undefined;
      },
    };
    const line = new CommandLine('first-hour', '', ports);
    firstHour(line.program, line, ports);
    const code = await line.parse(args);
    return { code, out, err };
  }

  report(): ReportJson {
    return JSON.parse(readFileSync(this.folder.file('dist/first-hour/report.json'), 'utf8')) as ReportJson;
  }

  verdicts(): Record<string, string> {
    return Object.fromEntries(
      this.report().themes.flatMap(({ steps }) => steps.map(({ name, verdict }) => [name, verdict])),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder.remove();
  }
}

const isLast = (out: string, name: string, named: readonly { name: string; shows: string }[]): boolean =>
  named.every((other) => out.lastIndexOf(`\n${other.name}: ${other.shows}`) <= out.lastIndexOf(`\n${name}: `));
