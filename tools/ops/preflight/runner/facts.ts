import { awsClients, callerIdentity, type Account, type AwsClients } from '../aws/account';
import { Unavailable } from '../check';
import { PlanTimeLimitError, readPlan, type Plan } from '../plan/read-plan';
import type { StackFile } from '../plan/stack-file';
import type { Ports } from '../ports';
import { TimeLimitError, within } from './time-limit';

/** Reads the plan and the account once for all checks, each within the time limit. */
export class Facts {
  #plan: Promise<Plan> | undefined;
  #identity: Promise<Account> | undefined;
  #aws: AwsClients | undefined;

  constructor(
    private readonly ports: Ports,
    private readonly stack: string,
    private readonly stackFile: StackFile,
    private readonly region: string,
    private readonly limitMs: number,
    private readonly offline: boolean,
  ) {}

  /** @throws PlanRefused, PlanTimeLimitError */
  plan(): Promise<Plan> {
    this.#plan ??= within(this.limitMs, this.ports.startTimer, (signal) =>
      readPlan(this.ports, this.stack, this.stackFile, signal),
    ).catch((error: unknown) => {
      throw error instanceof TimeLimitError ? new PlanTimeLimitError(error) : error;
    });
    return this.#plan;
  }

  /** @throws Unavailable, whose cause is AWS's error or TimeLimitError */
  async account(): Promise<Account> {
    if (this.offline) throw new Unavailable('AWS is not asked (--offline)');
    try {
      this.#identity ??= within(this.limitMs, this.ports.startTimer, (signal) => callerIdentity(this.aws(), signal));
      return await this.#identity;
    } catch (error) {
      throw new Unavailable(
        error instanceof TimeLimitError
          ? 'AWS did not tell in time who you are: see aws-credentials'
          : 'AWS was not asked: see aws-credentials',
        'aws-credentials',
        error,
      );
    }
  }

  aws(): AwsClients {
    this.#aws ??= awsClients(this.region, this.ports);
    return this.#aws;
  }
}
