import { execFileSync } from 'node:child_process';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { startTimer, type Ports as LookingPorts } from '../../preflight/ports';
import { absent } from '../../preflight/testing/look';
import { startStandInAws, type Answers, type StandInAws } from '../../preflight/testing/stand-in-aws';
import { Interruption } from '../interruption';
import type { Exited, Ports } from '../ports';
import { runDeploy } from '../run-deploy';
import { built, outputsOf, previewOf, write } from './checkout';
import { ScalingGroup } from './scaling-group';

export const PCR0 = 'a'.repeat(96);
export const OLD_PCR0 = 'b'.repeat(96);

const STACK_FILE = `config:
  aws:region: us-east-1
  communique-tee:domain: service.communique.invalid
  communique-tee:alarmEmail: operator@example.org
  communique-tee:monthlyBudgetUsd: 500
`;

export interface Seen {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the deploy command in a temporary checkout, with stand-ins for programs, AWS, terminal and clock. */
export class DeployWorld implements AsyncDisposable {
  /** Programs that the last `run` started, such as `pulumi up ...` or `image build ...`. */
  readonly ran: string[] = [];
  readonly environments: Readonly<Record<string, string>>[] = [];
  readonly asked: string[] = [];
  readonly group = new ScalingGroup('communique-tee-prod-parent');
  interruption = new Interruption();
  /** How a program ends, by the beginning of its command line. Other programs end with exit code 0. */
  ends: Record<string, number | 'missing' | (() => Promise<Exited> | Exited)> = {};
  answer: boolean | undefined = true;
  outputs = outputsOf({ stack: 'prod', pcr0: PCR0 });
  plan: LookingPorts['runProgram'];
  /** No server listens at this gateway's address. */
  underTest = { rootPem: '', gateway: new URL('http://127.0.0.1:1') };
  onSleep: () => void = () => undefined;
  #nowMs = Date.parse('2026-11-30T12:00:00Z');

  private constructor(
    readonly folder: TemporaryFolder,
    readonly aws: StandInAws,
    readonly commit: string,
  ) {
    const json = previewOf(PCR0, commit);
    this.plan = () => Promise.resolve({ code: 0, stdout: json, stderr: '' });
  }

  static async create(): Promise<DeployWorld> {
    const folder = await temporaryFolder('deploy-');
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: folder.path, encoding: 'utf8' }).trim();
    await write(folder.path, {
      'Pulumi.prod.yaml': STACK_FILE,
      'package.json': '{"version": "0.1.0"}',
      '.gitignore': 'dist\napps\n',
    });
    git('init', '--quiet');
    git('add', '-A');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '--quiet', '-m', 'chore: begin');
    const commit = git('rev-parse', 'HEAD');
    await write(folder.path, built('prod', PCR0, commit));
    const world = new DeployWorld(folder, await startStandInAws(), commit);
    world.answers({});
    return world;
  }

  answers(more: Answers): void {
    this.aws.answer({ ...this.group.answers(), ...more });
  }

  async run(...args: string[]): Promise<Seen> {
    let out = '';
    let err = '';
    this.interruption = new Interruption();
    this.ran.length = 0;
    const streams = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
    const code = await runDeploy(['--stack', 'prod', ...args], () => this.#ports(streams), streams);
    return { code, out, err };
  }

  #ports(streams: Pick<Ports, 'out' | 'err'>): Ports {
    const program = (command: string, args: readonly string[]): string =>
      command === 'pulumi'
        ? `pulumi ${args.join(' ')}`
        : `${args[1]?.includes('image') === true ? 'image' : 'ops'} ${args.slice(2).join(' ')}`;
    const end = async (line: string): Promise<Exited> => {
      this.ran.push(line);
      const found = Object.entries(this.ends).find(([begin]) => line.startsWith(begin))?.[1] ?? 0;
      if (found === 'missing') return { code: undefined, missing: true };
      return typeof found === 'number' ? { code: found, missing: false } : found();
    };
    const { interruption, answer } = this;
    return {
      ...streams,
      interruption,
      looking: {
        root: this.folder.path,
        env: { PATH: '/usr/bin' },
        nodeVersion: '24.21.0',
        fetch: () => Promise.reject(new Error('no test asked for the network')),
        resolver: absent,
        lookup: () => Promise.reject(new Error('no test asked for the network')),
        runProgram: (...asked) => this.plan(...asked),
        origins: { openai: 'http://127.0.0.1:1', googleAi: 'http://127.0.0.1:1', anthropic: 'http://127.0.0.1:1' },
        aws: {
          endpoint: this.aws.endpoint,
          credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secretExampleKey' },
        },
        nowMs: () => this.#nowMs,
        startTimer,
      },
      run: (command, args, env) => {
        this.environments.push(env);
        return end(program(command, args));
      },
      read: async (command, args) => ({ ...(await end(program(command, args))), stdout: this.outputs }),
      ...(answer !== undefined && {
        ask: (question: string) => {
          this.asked.push(question);
          return Promise.resolve(answer);
        },
      }),
      sleep: (ms) => {
        this.#nowMs += ms;
        this.onSleep();
        return new Promise(setImmediate);
      },
      underTest: this.underTest,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.aws.stop();
    await this.folder.remove();
  }
}
