import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dump, load } from 'js-yaml';
import { workspaceRoot } from '@communique-tee/testing/harness';
import type { PulumiCli } from '@communique-tee/testing/judges';
import { AwsProvider } from '../aws/aws-provider';
import { World } from '../aws/world';
import { writeBuiltFiles, type ImageDraft } from './built-files';
import { stepsOf, type Step } from './engine-events';

/** The passphrase of the stacks' secrets provider. It is random, so that a test that searches files for it finds no source file. */
export const PASSPHRASE = `passphrase-${randomBytes(12).toString('hex')}`;
/** The `redisAuthToken` of a stack whose Redis is managed. */
export const REDIS_TOKEN = `Token${randomBytes(12).toString('hex')}`;

export interface Ran {
  /** null if a signal ended the CLI. */
  readonly exitCode: number | null;
  /** What the CLI printed to standard output and standard error. */
  readonly output: string;
  /** The steps that the engine made or, for `preview`, would make. Empty for a command that is not in OPERATIONS. */
  readonly steps: readonly Step[];
}

export interface RunOptions {
  /** Called when the CLI has started, so that a test can end the CLI. */
  readonly started?: (cli: ChildProcess) => void;
  readonly env?: Readonly<Record<string, string>>;
}

/** The commands that have an event log. */
const OPERATIONS: ReadonlySet<string> = new Set(['up', 'preview', 'refresh', 'destroy', 'import']);

/**
 * Runs Pulumi's own CLI as an operator does, but without a network. `../aws/aws-provider.ts` replaces the AWS provider, and one folder
 * contains home and state. Pulumi.yaml and the stacks' files are copies, because `config set` and `stack init` rewrite them.
 */
export class RealEngine implements AsyncDisposable {
  readonly provider: AwsProvider;
  readonly #running = new Set<ChildProcess>();
  /** The configuration of each stack's last `up`. */
  readonly #applied = new Map<string, Record<string, unknown>>();
  readonly #changedKeys = new Set<string>();
  #port = 0;
  #runs = 0;

  /** @param folder an empty folder */
  private constructor(
    private readonly cli: PulumiCli,
    readonly folder: string,
    readonly world: World,
  ) {
    this.provider = new AwsProvider(world);
  }

  static async start(cli: PulumiCli): Promise<RealEngine> {
    const folder = mkdtempSync(join(tmpdir(), 'communique-pulumi-'));
    const engine = new RealEngine(cli, folder, new World(join(folder, 'world.json')));
    for (const name of ['home', 'user', 'state', 'built', 'bin', 'project', 'events']) mkdirSync(join(folder, name));
    engine.checkout(workspaceRoot());
    engine.#port = await engine.provider.listen();
    return engine;
  }

  /** The path of the program `pulumi`. */
  get command(): string {
    return this.cli.command;
  }

  get project(): string {
    return join(this.folder, 'project');
  }

  /** Switches to another checkout of the same commit. State, world and stack files stay. */
  checkout(root: string): void {
    rmSync(join(this.project, 'infra'), { force: true });
    symlinkSync(join(root, 'infra'), join(this.project, 'infra'));
    copyFileSync(join(root, 'Pulumi.yaml'), join(this.project, 'Pulumi.yaml'));
    const host = join(this.folder, 'bin', 'pulumi-language-nodejs');
    const program = join(root, 'infra/src/engine/host/language-host.mjs');
    writeFileSync(host, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
    chmodSync(host, 0o755);
  }

  /** The folder for `--policy-pack`. */
  get policyPack(): string {
    return join(this.project, 'infra', 'policy-pack');
  }

  stackFile(stack: string): string {
    return join(this.project, `Pulumi.${stack}.yaml`);
  }

  /** Makes a stack: copies its file, runs `pulumi stack init`, writes an image and a release, and sets a token if Redis is managed. */
  async createStack(stack: string, changes: Readonly<Record<string, unknown>> = {}): Promise<void> {
    copyFileSync(join(workspaceRoot(), `Pulumi.${stack}.yaml`), this.stackFile(stack));
    await this.succeed(['stack', 'init', stack, '--secrets-provider', 'passphrase']);
    this.configure(stack, { ...this.build({ stack }), ...changes });
    if (this.configured(stack)['communique-tee:redis'] === 'managed')
      await this.succeed(['config', 'set', '--stack', stack, '--secret', 'redisAuthToken', REDIS_TOKEN]);
  }

  /** Writes another image and release for the stack. @returns the configuration that names them */
  build(draft: ImageDraft): Record<string, string> {
    const folder = join(this.folder, 'built', draft.stack);
    mkdirSync(folder, { recursive: true });
    return writeBuiltFiles(folder, draft);
  }

  configured(stack: string): Record<string, unknown> {
    return this.#stackFile(stack).config ?? {};
  }

  /** Edits the stack's file, as a person does. `undefined` removes a key. A key without a namespace gets `communique-tee:`. */
  configure(stack: string, changes: Readonly<Record<string, unknown>>): void {
    const file = this.#stackFile(stack);
    const config = { ...file.config };
    for (const [name, value] of Object.entries(changes)) {
      const key = name.includes(':') ? name : `communique-tee:${name}`;
      if (value === undefined) Reflect.deleteProperty(config, key);
      else config[key] = value;
    }
    writeFileSync(this.stackFile(stack), dump({ ...file, config }));
  }

  /** Runs the CLI. It cannot ask questions, so a command that would ask needs `--yes`. */
  async pulumi(args: readonly string[], { started, env }: RunOptions = {}): Promise<Ran> {
    const [command = ''] = args;
    const events = join(this.folder, 'events', `${String(this.#runs++)}.json`);
    const log = OPERATIONS.has(command) ? ['--event-log', events] : [];
    const child = spawn(this.cli.command, [...args, ...log, '--non-interactive', '--color', 'never'], {
      cwd: this.project,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...this.environment, ...env },
    });
    this.#running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    started?.(child);
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    this.#running.delete(child);
    return { exitCode, output, steps: stepsOf(events, command === 'preview') };
  }

  /** Runs the CLI. @throws Error with the output if the exit code is not 0 */
  async succeed(args: readonly string[], options?: RunOptions): Promise<Ran> {
    const ran = await this.pulumi(args, options);
    if (ran.exitCode !== 0)
      throw new Error(`pulumi ${args.join(' ')} ended with ${String(ran.exitCode)}:\n${ran.output.slice(-20_000)}`);
    return ran;
  }

  /** Runs `pulumi up` without its preview, which would run the program twice. */
  async up(stack: string, ...more: string[]): Promise<Ran> {
    const ran = await this.succeed(['up', '--stack', stack, '--yes', '--skip-preview', ...more]);
    this.noteUp(stack);
    return ran;
  }

  /** Records the configuration after a successful `up`. */
  noteUp(stack: string): void {
    const [before, now] = [this.#applied.get(stack), this.configured(stack)];
    for (const key of before === undefined ? [] : Object.keys({ ...before, ...now }))
      if (JSON.stringify(before?.[key]) !== JSON.stringify(now[key])) this.#changedKeys.add(key);
    this.#applied.set(stack, now);
  }

  /** The configuration keys whose value changed from one `up` of a stack to the next, sorted. */
  get changedKeys(): string[] {
    return [...this.#changedKeys].map((key) => key.replace(/^communique-tee:/, '')).sort();
  }

  async destroy(stack: string, ...more: string[]): Promise<Ran> {
    return this.succeed(['destroy', '--stack', stack, '--yes', '--skip-preview', ...more]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    this.provider.close();
    // Retry, because the language host of a killed CLI runs a moment longer.
    await Promise.resolve(rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));
  }

  /** The CLI's environment, without the variables of this process. */
  get environment(): Record<string, string> {
    const nowhere = 'http://127.0.0.1:9';
    return {
      PATH: [join(this.folder, 'bin'), dirname(process.execPath), this.cli.folder, '/usr/bin', '/bin'].join(':'),
      HOME: join(this.folder, 'user'),
      PULUMI_HOME: join(this.folder, 'home'),
      PULUMI_BACKEND_URL: `file://${join(this.folder, 'state')}`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      PULUMI_DEBUG_PROVIDERS: `aws:${String(this.#port)}`,
      // Needed for --event-log.
      PULUMI_DEBUG_COMMANDS: 'true',
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
      HTTPS_PROXY: nowhere,
      HTTP_PROXY: nowhere,
      NO_PROXY: '127.0.0.1',
    };
  }

  #stackFile(stack: string): { config?: Record<string, unknown> } {
    return load(readFileSync(this.stackFile(stack), 'utf8')) as { config?: Record<string, unknown> };
  }
}
