import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { stepsOf, type Step } from '../engine-events';
import type { RealEngine } from '../real-engine';
import { AwsCommandLine } from './aws-command-line';

/** One operation of Pulumi that a script ran. */
export interface Operation {
  /** `up`, `refresh`, … */
  readonly command: string;
  /** The steps that the engine made or, for `preview`, would make. */
  readonly steps: readonly Step[];
}

export interface Typed {
  /** What the script printed to standard output and standard error. */
  readonly output: string;
  /** The operations of Pulumi, in the order of the script. */
  readonly operations: readonly Operation[];
}

/**
 * Runs the commands of a document, unchanged, in Bash in the checkout. `pulumi` is the engine's program, and `aws` acts on the engine's
 * stand-in for AWS. `npm run ops` runs this checkout's commands on the engine's stack files. Each script keeps the variables of the scripts
 * before it. Pulumi gets the answer yes to its questions.
 */
export class OperatorShell implements AsyncDisposable {
  private constructor(
    private readonly engine: RealEngine,
    private readonly aws: AwsCommandLine,
  ) {}

  static async open(engine: RealEngine): Promise<OperatorShell> {
    const aws = await AwsCommandLine.listen(engine.provider);
    const shell = new OperatorShell(engine, aws);
    const root = workspaceRoot();
    shell.#program(
      'aws',
      `exec node '${join(root, 'infra/src/engine/testing/operator/aws.mjs')}' ${String(aws.port)} "$@"`,
    );
    shell.#program(
      'npm',
      `[ "$1 $2 $3" = 'run ops --' ] || { echo "npm $*: only npm run ops is here" >&2; exit 1; }`,
      'shift 3',
      `exec node '${join(root, 'tools/run.mjs')}' '${join(root, 'tools/ops/main.ts')}' "$@"`,
    );
    shell.#program(
      'pulumi',
      'case "$1" in up | preview | refresh | destroy | import)',
      `  set -- "$@" --event-log "${join(engine.folder, 'events')}/shell-$(ls '${join(engine.folder, 'events')}' | wc -l)-$1.json" ;;`,
      'esac',
      `exec '${engine.command}' "$@" --non-interactive --color never`,
    );
    return shell;
  }

  /** @throws Error with the script's output if one of its commands fails */
  async type(script: string): Promise<Typed> {
    const before = new Set(this.#logs());
    const variables = join(this.engine.folder, 'variables.sh');
    const whole = `[ ! -f '${variables}' ] || . '${variables}'\nset -a\n${script}\nset +a\nexport -p > '${variables}'`;
    const child = spawn('/bin/bash', ['-eu', '-o', 'pipefail', '-c', whole], {
      cwd: this.engine.project,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...this.engine.environment, PULUMI_SKIP_CONFIRMATIONS: 'true' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (exitCode !== 0) throw new Error(`this ended with ${String(exitCode)}:\n${script}\n\n${output.slice(-20_000)}`);
    const operations = this.#logs()
      .filter((name) => !before.has(name))
      .map((name) => {
        const command = name.replace(/^shell-\d+-(\w+)\.json$/, '$1');
        return { command, steps: stepsOf(join(this.engine.folder, 'events', name), command === 'preview') };
      });
    for (const { command, steps } of operations) {
      const [, stack] = /^urn:pulumi:([^:]+)::/.exec(steps[0]?.urn ?? '') ?? [];
      if (command === 'up' && stack !== undefined) this.engine.noteUp(stack);
    }
    return { output, operations };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.aws.close();
  }

  #program(name: string, ...lines: string[]): void {
    const file = join(this.engine.folder, 'bin', name);
    writeFileSync(file, `#!/bin/sh\n${lines.join('\n')}\n`);
    chmodSync(file, 0o755);
  }

  /** The event logs, in the order in which their operations began. */
  #logs(): string[] {
    const number = (name: string): number => Number(/\d+/.exec(name)?.[0]);
    return readdirSync(join(this.engine.folder, 'events'))
      .filter((name) => name.startsWith('shell-'))
      .sort((one, other) => number(one) - number(other));
  }
}
