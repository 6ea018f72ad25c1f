import { ec2, type Answer, type Answers } from '../../preflight/testing/stand-in-aws';

interface Instance {
  id: string;
  version: string;
  state: string;
}

interface RunningRefresh {
  id: string;
  status: string;
  percent: number;
  reason?: string;
  version?: string;
}

/** The states that a refresh goes through: each DescribeInstanceRefreshes returns the next one. */
export type RefreshStates = readonly (Partial<RunningRefresh> & { status: string })[];

export const SUCCEEDS: RefreshStates = [
  { status: 'Pending' },
  { status: 'InProgress', percent: 50 },
  { status: 'Successful', percent: 100 },
];
export const ROLLS_BACK: RefreshStates = [
  { status: 'InProgress', percent: 0, reason: 'Waiting for i-2: Pending:Wait' },
  { status: 'RollbackInProgress', percent: 50 },
  { status: 'RollbackSuccessful', percent: 100, reason: 'i-2 was not healthy' },
];
export const FAILS: RefreshStates = [{ status: 'Failed', percent: 50, reason: 'Access denied while launching' }];
export const NEVER_ENDS: RefreshStates = [{ status: 'InProgress', percent: 10 }];

/** Simulates a stack's Auto Scaling group with its instance refreshes, which the AWS emulator (moto) lacks. */
export class ScalingGroup {
  exists = true;
  templateId = 'lt-0123456789abcdef0';
  /** The group's launch template version. A successful refresh with a desired configuration changes it. */
  version = '1';
  instances: Instance[] = [{ id: 'i-1', version: '1', state: 'InService' }];
  refreshes: RunningRefresh[] = [];
  course: RefreshStates = SUCCEEDS;
  /** PCR0 in the tags of each version of the template. */
  images: Record<string, string> = {};
  /** The requests that start or cancel a refresh, in order. */
  readonly asked: URLSearchParams[] = [];
  onCancelled: () => void = () => undefined;
  #next = 0;

  constructor(readonly name: string) {}

  answers(): Answers {
    return {
      DescribeAutoScalingGroups: () => query('DescribeAutoScalingGroups', this.#groups()),
      DescribeInstanceRefreshes: () => query('DescribeInstanceRefreshes', this.#newest()),
      StartInstanceRefresh: (body) => this.#start(new URLSearchParams(body)),
      CancelInstanceRefresh: (body) => this.#cancel(new URLSearchParams(body)),
      DescribeLaunchTemplateVersions: (body) => this.#versions(new URLSearchParams(body)),
    };
  }

  #groups(): string {
    if (!this.exists) return '<AutoScalingGroups/>';
    const template = (version: string) =>
      `<LaunchTemplate><LaunchTemplateId>${this.templateId}</LaunchTemplateId><Version>${version}</Version></LaunchTemplate>`;
    const instances = this.instances.map(
      ({ id, version, state }) =>
        `<member><InstanceId>${id}</InstanceId><LifecycleState>${state}</LifecycleState><HealthStatus>Healthy</HealthStatus>${template(version)}</member>`,
    );
    return `<AutoScalingGroups><member><AutoScalingGroupName>${this.name}</AutoScalingGroupName><MinSize>1</MinSize>${template(this.version)}<Instances>${instances.join('')}</Instances></member></AutoScalingGroups>`;
  }

  #start(body: URLSearchParams): Answer {
    this.asked.push(body);
    this.#next = 0;
    const version = body.get('DesiredConfiguration.LaunchTemplate.Version') ?? undefined;
    const id = `refresh-${String(this.refreshes.length + 1)}`;
    this.refreshes.unshift({ id, status: 'Pending', percent: 0, ...(version !== undefined && { version }) });
    return query('StartInstanceRefresh', `<InstanceRefreshId>${id}</InstanceRefreshId>`);
  }

  #cancel(body: URLSearchParams): Answer {
    this.asked.push(body);
    this.course = [{ status: 'Cancelling' }, { status: 'Cancelled' }];
    this.#next = 0;
    return query('CancelInstanceRefresh', '');
  }

  #newest(): string {
    const [refresh] = this.refreshes;
    if (refresh === undefined) return '<InstanceRefreshes/>';
    if (!/^(Successful|Failed|Cancelled|Rollback(Successful|Failed))$/.test(refresh.status)) {
      Object.assign(refresh, this.course[Math.min(this.#next, this.course.length - 1)]);
      this.#next += 1;
      if (refresh.status === 'Cancelled') this.onCancelled();
    }
    const { version, status } = refresh;
    if (status === 'Successful' && version !== undefined) {
      this.version = version;
      for (const instance of this.instances) Object.assign(instance, { version, state: 'InService' });
    }
    const desired =
      version === undefined
        ? ''
        : `<DesiredConfiguration><LaunchTemplate><Version>${version}</Version></LaunchTemplate></DesiredConfiguration>`;
    const reason = refresh.reason === undefined ? '' : `<StatusReason>${refresh.reason}</StatusReason>`;
    return `<InstanceRefreshes><member><InstanceRefreshId>${refresh.id}</InstanceRefreshId><Status>${status}</Status>${reason}<PercentageComplete>${String(refresh.percent)}</PercentageComplete>${desired}</member></InstanceRefreshes>`;
  }

  #versions(body: URLSearchParams): Answer {
    const asked = [...body].flatMap(([key, value]) => (/^LaunchTemplateVersion\.\d+$/.test(key) ? [value] : []));
    const items = asked.map((version) => {
      const pcr0 = this.images[version];
      const tags =
        pcr0 === undefined ? '' : `<tagSet><item><key>communique-tee:pcr0</key><value>${pcr0}</value></item></tagSet>`;
      return `<item><versionNumber>${version}</versionNumber><launchTemplateData><tagSpecificationSet><item><resourceType>instance</resourceType>${tags}</item></tagSpecificationSet></launchTemplateData></item>`;
    });
    return ec2(
      'DescribeLaunchTemplateVersions',
      `<launchTemplateVersionSet>${items.join('')}</launchTemplateVersionSet>`,
    );
  }
}

const query = (action: string, inner: string): Answer => ({
  body: `<${action}Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><${action}Result>${inner}</${action}Result></${action}Response>`,
  headers: { 'content-type': 'text/xml' },
});
