import { Dashboard as CloudWatchDashboard } from '@pulumi/aws/cloudwatch/dashboard.js';
import { output, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';
import { CONNECTION_ENDS } from '@communique-tee/protocol';
import { METRIC_NAMESPACE } from '../../parent/src';
import { Part } from './part';

export interface DashboardArgs {
  stack: string;
  region: string;
  groupName: Input<string>;
}

/** A dashboard on one page, about the enclave, the queue, the emergency stop and the parent. */
export class Dashboard extends Part {
  constructor(name: string, { stack, region, groupName }: DashboardArgs, options: ComponentResourceOptions) {
    super('Dashboard', name, options);
    const ofGateway = (metric: string): string[] => [METRIC_NAMESPACE, metric, 'stack', stack];
    const body = output(groupName).apply((group) => {
      const ofParent = (metric: string): string[] => [METRIC_NAMESPACE, metric, 'AutoScalingGroupName', group];
      const pages: { title: string; metrics: string[][]; stat: string }[] = [
        {
          title: 'Enclave attested and trusted',
          metrics: [[...ofGateway('communique_attestation_trusted'), 'enclave', '0']],
          stat: 'Minimum',
        },
        {
          title: 'Connections of the enclave that failed',
          metrics: CONNECTION_ENDS.filter((end) => end !== 'connected').map((end) => [
            ...ofGateway('communique_enclave_connections_total'),
            'outcome',
            end,
          ]),
          stat: 'Sum',
        },
        {
          title: 'Oldest message waiting (s)',
          metrics: [ofGateway('communique_queue_oldest_due_seconds')],
          stat: 'Maximum',
        },
        {
          title: 'Messages in the queue',
          metrics: [ofGateway('communique_queue_jobs'), ofGateway('communique_queue_due_jobs')],
          stat: 'Maximum',
        },
        { title: 'Messages accepted', metrics: [ofGateway('communique_messages_accepted_total')], stat: 'Sum' },
        { title: 'Emergency stop', metrics: [ofGateway('communique_emergency_stop')], stat: 'Maximum' },
        {
          title: 'Refused: too many messages wait',
          metrics: [ofGateway('communique_admission_refusals_total')],
          stat: 'Sum',
        },
        {
          title: 'Parent: memory and disk (%)',
          metrics: [ofParent('mem_used_percent'), ofParent('disk_used_percent')],
          stat: 'Maximum',
        },
        {
          title: 'Parent: CPU (%)',
          metrics: [['AWS/EC2', 'CPUUtilization', 'AutoScalingGroupName', group]],
          stat: 'Average',
        },
      ];
      return JSON.stringify({
        widgets: pages.map(({ title, metrics, stat }, index) => ({
          type: 'metric',
          x: (index % 2) * 12,
          y: Math.floor(index / 2) * 6,
          width: 12,
          height: 6,
          properties: { title, region, metrics, stat, period: 60, view: 'timeSeries' },
        })),
      });
    });
    new CloudWatchDashboard(name, { dashboardName: name, dashboardBody: body }, this.child());
    this.registerOutputs({});
  }
}
