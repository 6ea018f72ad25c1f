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
  /** The region in the stack's configuration. */
  readonly region: string;
  /** Ask no questions. */
  readonly yes: boolean;
  /** Read the state of AWS before comparing: after an update that failed half-way. */
  readonly refresh: boolean;
  /** The image that runs now need not stay accepted. */
  readonly dropOldImage: boolean;
  /** Checks that preflight leaves out. */
  readonly skipChecks: string | undefined;
  /** How long an instance refresh is waited for. */
  readonly rolloutLimitMs: number;
  /** How long the service is waited for after that. */
  readonly verifyLimitMs: number;
}

/** One run of the command: what its steps share, each read once. */
export class Deployment {
  /** The operator saw a preview in this run and agreed. */
  previewed = false;
  /** Instances were moved to another version of the template in this run. */
  moved = false;
  /** How the attestation document was got; undefined: not verified in this run. */
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

  /** A line about what is done. */
  say(text: string): void {
    this.ports.err(`  ${text}\n`);
  }

  /** The resources of the configuration, and the problems of image and release. @throws StepFailure */
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

  /** Call after a build: checks image and release again. */
  forgetPlan(): void {
    this.#plan = undefined;
  }

  aws(): AwsClients {
    return (this.#aws ??= awsClients(this.options.region, this.ports.looking));
  }

  /** Who runs this. @throws StepFailure */
  account(): Promise<Account> {
    return (this.#account ??= this.ask('sts:GetCallerIdentity', () =>
      callerIdentity(this.aws(), this.ports.interruption.signal),
    ));
  }

  /** Asks AWS. @param action as IAM names it @throws StepFailure with AWS's error in our words, Interrupted */
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

  /** Runs Pulumi attached to the terminal. @throws StepFailure if there is no Pulumi, Interrupted */
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

  /** @throws StepFailure, Interrupted */
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

  /** @throws Interrupted if the person interrupted */
  heed(todo: readonly string[] = []): void {
    if (this.ports.interruption.signal.aborted) throw new Interrupted(todo);
  }

  #pulumiEnvironment(): Record<string, string> {
    const { root, env } = this.ports.looking;
    // Tells the program to leave the group on its version of the template, because this command moves it (infra/src/main.ts).
    return { PATH: pulumiPath(root, env['PATH'] ?? ''), COMMUNIQUE_ROLLOUT: 'deploy' };
  }
}

const noPulumi = (): StepFailure =>
  new StepFailure('there is no pulumi on PATH', [
    'Install the Pulumi CLI: https://www.pulumi.com/docs/iac/download-install/',
  ]);
