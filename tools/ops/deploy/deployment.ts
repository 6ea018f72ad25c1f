import { awsClients, callerIdentity, type Account, type AwsClients } from '../preflight/aws/account';
import { explainAws } from '../preflight/aws/explain';
import { PlanRefused, readPlan, type Plan } from '../preflight/plan/read-plan';
import type { StackFile } from '../preflight/plan/stack-file';
import { parseOutputs, type Outputs } from './outputs';
import { pulumiPath, type Exited, type Ports } from './ports';
import { Interrupted, StepFailure } from './step';

export interface DeploymentOptions {
  readonly stack: string;
  readonly stackFile: StackFile;
  /** From the stack's configuration. */
  readonly region: string;
  /** Ask no questions. */
  readonly yes: boolean;
  /** Have Pulumi compare its state with AWS first. An update that failed half-way makes this necessary. */
  readonly refresh: boolean;
  /** Continue although the new policy does not accept the image that runs now. */
  readonly dropOldImage: boolean;
  /** Names of the checks that preflight skips. */
  readonly skipChecks: string | undefined;
  /** How long to wait for an instance refresh. */
  readonly rolloutLimitMs: number;
  /** How long to wait for the service after the refresh. */
  readonly verifyLimitMs: number;
}

/** One run of the command. It reads plan, account and outputs once for all steps. */
export class Deployment {
  /** This run showed a preview, and the operator agreed or gave --yes. */
  previewed = false;
  /** An instance refresh moved the group to another template version, and Pulumi's state does not have it yet. */
  moved = false;
  /** How the attestation document was fetched; undefined: not verified in this run. */
  verifiedBy: 'name' | 'address' | undefined;
  #plan: Promise<Plan> | undefined;
  #outputs: Promise<Outputs> | undefined;
  #account: Promise<Account> | undefined;
  #aws: AwsClients | undefined;

  constructor(
    readonly options: DeploymentOptions,
    readonly ports: Ports,
  ) {}

  get stack(): string {
    return this.options.stack;
  }

  get root(): string {
    return this.ports.looking.root;
  }

  say(text: string): void {
    this.ports.err(`  ${text}\n`);
  }

  /** The planned resources, and the problems of image and release. @throws StepFailure, Interrupted */
  plan(): Promise<Plan> {
    this.#plan ??= readPlan(
      this.ports.looking,
      this.stack,
      this.options.stackFile,
      this.ports.interruption.signal,
    ).catch((error: unknown) => {
      this.heed();
      if (error instanceof PlanRefused)
        throw new StepFailure('the stack’s configuration cannot work', [
          ...error.problems.map((problem) => `- ${problem}`),
          `Correct Pulumi.${this.stack}.yaml; npm run ops -- preview --help tells what each key means.`,
        ]);
      throw error;
    });
    return this.#plan;
  }

  /** Call after a build: the next plan() checks image and release again. */
  forgetPlan(): void {
    this.#plan = undefined;
  }

  aws(): AwsClients {
    return (this.#aws ??= awsClients(this.options.region, this.ports.looking));
  }

  /** The AWS account and identity that run this command. @throws StepFailure */
  account(): Promise<Account> {
    return (this.#account ??= this.ask('sts:GetCallerIdentity', () =>
      callerIdentity(this.aws(), this.ports.interruption.signal),
    ));
  }

  /**
   * Sends one request to AWS.
   * @param action as IAM names it
   * @throws StepFailure with AWS's error in our words, Interrupted
   */
  async ask<T>(action: string, question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      this.heed();
      const { found, todo, command } = explainAws(error, action);
      throw new StepFailure(
        `${action}: ${found}`,
        [todo, command].filter((line) => line !== undefined),
      );
    }
  }

  /** Runs Pulumi attached to the terminal. @throws StepFailure if there is no Pulumi */
  async pulumi(args: readonly string[]): Promise<Exited> {
    this.say(`$ pulumi ${args.join(' ')}`);
    const exited = await this.ports.run('pulumi', args, this.#pulumiEnvironment());
    if (exited.missing) throw noPulumi();
    return exited;
  }

  /** The stack's outputs after the last update. @throws StepFailure, Interrupted */
  outputs(): Promise<Outputs> {
    return (this.#outputs ??= this.#readOutputs());
  }

  forgetOutputs(): void {
    this.#outputs = undefined;
  }

  /** @returns the outputs, not checked; undefined if they are not JSON @throws StepFailure, Interrupted */
  async outputsAsTheyAre(): Promise<unknown> {
    const args = ['stack', 'output', '--json', '--stack', this.stack];
    const { code, missing, stdout } = await this.ports.read('pulumi', args, this.#pulumiEnvironment());
    this.heed();
    if (missing) throw noPulumi();
    if (code !== 0)
      throw new StepFailure('pulumi stack output failed; its message is above', [
        'Does the stack exist, and are you signed in to the backend of its state (pulumi whoami)?',
      ]);
    try {
      return JSON.parse(stdout);
    } catch {
      return undefined;
    }
  }

  async #readOutputs(): Promise<Outputs> {
    const outputs = parseOutputs(await this.outputsAsTheyAre());
    if (outputs === undefined)
      throw new StepFailure(
        'the stack’s outputs are not those of this version of the program',
        ['The last update was of another version, or did not end: run the update again.'],
        { goOn: ['--from', 'preview', '--refresh'] },
      );
    return outputs;
  }

  /** @throws Interrupted after Ctrl-C */
  heed(todo: readonly string[] = []): void {
    if (this.ports.interruption.signal.aborted) throw new Interrupted(todo);
  }

  #pulumiEnvironment(): Record<string, string> {
    const { root, env } = this.ports.looking;
    // COMMUNIQUE_ROLLOUT tells infra/src/main.ts that this command will change the group's template version.
    return { PATH: pulumiPath(root, env['PATH'] ?? ''), COMMUNIQUE_ROLLOUT: 'deploy' };
  }
}

const noPulumi = (): StepFailure =>
  new StepFailure('there is no pulumi on PATH', [
    'Install the Pulumi CLI: https://www.pulumi.com/docs/iac/download-install/',
  ]);
