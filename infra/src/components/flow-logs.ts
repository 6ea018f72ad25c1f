import { FlowLog } from '@pulumi/aws/ec2/flowLog.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import type { ComponentResourceOptions, Input } from '@pulumi/pulumi';
import type { Place } from '../naming/names';
import { trust } from '../policies/document';
import { flowLogPolicy } from '../policies/service-roles';
import { Part } from './part';

export interface FlowLogsArgs {
  place: Place;
  vpcId: Input<string>;
  logGroup: { name: string; arn: Input<string> };
}

/** Who spoke to whom, in both directions, taken and refused. */
export class FlowLogs extends Part {
  constructor(name: string, { place, vpcId, logGroup }: FlowLogsArgs, options: ComponentResourceOptions) {
    super('FlowLogs', name, options);
    const role = new Role(
      name,
      { name, assumeRolePolicy: JSON.stringify(trust('vpc-flow-logs.amazonaws.com', place.accountId)) },
      this.child(),
    );
    const rolePolicy = new RolePolicy(
      name,
      { role: role.id, policy: JSON.stringify(flowLogPolicy(place, logGroup.name)) },
      this.child(),
    );
    new FlowLog(
      name,
      {
        vpcId,
        trafficType: 'ALL',
        logDestinationType: 'cloud-watch-logs',
        logDestination: logGroup.arn,
        iamRoleArn: role.arn,
        maxAggregationInterval: 60,
        tags: { Name: name },
      },
      this.child({ dependsOn: rolePolicy }),
    );
    this.registerOutputs({});
  }
}
