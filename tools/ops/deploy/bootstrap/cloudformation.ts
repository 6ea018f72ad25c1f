import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  UpdateTerminationProtectionCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { awsCode } from '../../preflight/aws/explain';
import { messageOf } from '../../preflight/error-code';

export type Parameters = Readonly<Record<string, string>>;

export interface Change {
  readonly action: string;
  readonly id: string;
  readonly type: string;
}

/** The CloudFormation stack of `deploy bootstrap`. Every method throws what AWS's client throws. */
export class BootstrapStack {
  constructor(
    private readonly client: CloudFormationClient,
    private readonly name: string,
  ) {}

  /** @returns undefined if there is no stack, or only an empty shell of one */
  async find(): Promise<Stack | undefined> {
    try {
      const { Stacks: [stack] = [] } = await this.client.send(new DescribeStacksCommand({ StackName: this.name }));
      return stack?.StackStatus === 'REVIEW_IN_PROGRESS' || stack?.StackStatus === 'DELETE_COMPLETE'
        ? undefined
        : stack;
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  /** Whether the stack has this template and these parameters. */
  async isOf(stack: Stack, template: string, parameters: Parameters): Promise<boolean> {
    const { TemplateBody: body } = await this.client.send(
      new GetTemplateCommand({ StackName: this.name, TemplateStage: 'Original' }),
    );
    const known = new Map((stack.Parameters ?? []).map(({ ParameterKey: key, ParameterValue: value }) => [key, value]));
    return (
      body !== undefined &&
      sameJson(body, template) &&
      Object.entries(parameters).every(([key, value]) => (known.get(key) ?? '') === value)
    );
  }

  /** @returns the name of the change set */
  async propose(template: string, parameters: Parameters, isNew: boolean, at: number): Promise<string> {
    const name = `deploy-${String(at)}`;
    await this.client.send(
      new CreateChangeSetCommand({
        StackName: this.name,
        ChangeSetName: name,
        ChangeSetType: isNew ? 'CREATE' : 'UPDATE',
        TemplateBody: template,
        Capabilities: ['CAPABILITY_NAMED_IAM'],
        Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
          ParameterKey,
          ParameterValue,
        })),
      }),
    );
    return name;
  }

  /** @returns undefined while AWS computes the change set */
  async proposed(name: string): Promise<{ changes: readonly Change[] } | { refused: string } | undefined> {
    const {
      Status,
      StatusReason,
      Changes = [],
    } = await this.client.send(new DescribeChangeSetCommand({ StackName: this.name, ChangeSetName: name }));
    if (Status === 'FAILED') {
      if (/didn't contain changes|No updates are to be performed/i.test(StatusReason ?? '')) return { changes: [] };
      return { refused: StatusReason ?? 'AWS gives no reason' };
    }
    if (Status !== 'CREATE_COMPLETE') return undefined;
    return {
      changes: Changes.map(({ ResourceChange: change }) => ({
        action: change?.Action ?? '?',
        id: change?.LogicalResourceId ?? '?',
        type: change?.ResourceType ?? '?',
      })),
    };
  }

  async discard(name: string): Promise<void> {
    await this.client.send(new DeleteChangeSetCommand({ StackName: this.name, ChangeSetName: name }));
  }

  async execute(name: string): Promise<void> {
    await this.client.send(new ExecuteChangeSetCommand({ StackName: this.name, ChangeSetName: name }));
  }

  /** Returns the events that are not in `told`, oldest first; none for a deleted stack. */
  async events(told: Set<string>): Promise<string[]> {
    const { StackEvents: events = [] } = await this.client
      .send(new DescribeStackEventsCommand({ StackName: this.name }))
      .catch((error: unknown) => {
        if (isAbsence(error)) return { StackEvents: [] };
        throw error;
      });
    return events
      .filter(({ EventId: id = '' }) => !told.has(id))
      .reverse()
      .map(
        ({ EventId: id = '', ResourceStatus: status, LogicalResourceId: resource, ResourceStatusReason: reason }) => {
          told.add(id);
          return `${status ?? '?'}  ${resource ?? '?'}${reason === undefined ? '' : `: ${reason.slice(0, 300)}`}`;
        },
      );
  }

  /** Turns on termination protection, because the stack contains Pulumi's state. */
  async protect(): Promise<void> {
    await this.client.send(
      new UpdateTerminationProtectionCommand({ StackName: this.name, EnableTerminationProtection: true }),
    );
  }
}

const isAbsence = (error: unknown): boolean =>
  awsCode(error) === 'ValidationError' && /does not exist/.test(messageOf(error));

/** Compares parsed JSON, because the stack's template may have been formatted differently. */
function sameJson(a: string, b: string): boolean {
  try {
    return JSON.stringify(JSON.parse(a)) === JSON.stringify(JSON.parse(b));
  } catch {
    return a === b;
  }
}
