import { LogGroup } from '@pulumi/aws/cloudwatch/logGroup.js';
import type { ComponentResourceOptions, Output } from '@pulumi/pulumi';
import { Part } from './part';

export interface LogsArgs {
  /** What stands before each name, for example `/communique-tee/prod`. */
  prefix: string;
  names: readonly string[];
  retentionDays: number;
  /** `pulumi destroy` leaves what was logged. */
  keep: boolean;
}

/** A stack's log groups, encrypted by CloudWatch, each ending after its time. */
export class Logs extends Part {
  readonly groups: ReadonlyMap<string, { name: string; arn: Output<string> }>;

  constructor(name: string, { prefix, names, retentionDays, keep }: LogsArgs, options: ComponentResourceOptions) {
    super('Logs', name, options);
    this.groups = new Map(
      names.map((part) => {
        const group = `${prefix}/${part}`;
        const made = new LogGroup(
          `${name}-${part}`,
          { name: group, retentionInDays: retentionDays, tags: { Name: group } },
          this.child({ retainOnDelete: keep }),
        );
        return [part, { name: group, arn: made.arn }];
      }),
    );
    this.registerOutputs({});
  }

  group(part: string): { name: string; arn: Output<string> } {
    const group = this.groups.get(part);
    if (!group) throw new Error(`there is no log group ${part}`);
    return group;
  }
}
