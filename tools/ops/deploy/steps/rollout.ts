import { awsCommand } from '../../preflight/aws/command';
import type { Deployment } from '../deployment';
import type { Outputs } from '../outputs';
import { parentGroup, type ParentGroup } from '../rollout/group';
import { cancelRefresh, hasEnded, newestRefresh, startRefresh, type Refresh } from '../rollout/refresh';
import { waitFor } from '../rollout/wait';
import { StepFailure, type Step } from '../step';

type Target = Outputs['rollout'];

/** Replaces parents that are not on the newest version of their template, and waits until enough of them are in service. */
export const rollout: Step = {
  name: 'rollout',
  title: 'replace the parents by an instance refresh that can roll back, and wait for it',
  byHand: ['pulumi stack output --json rollout --stack <stack>'],
  async run(deployment) {
    const { rollout: target } = await deployment.outputs();
    const { version } = target.template;
    const group = await groupOf(deployment, target);
    let refresh = await newestRefresh(deployment, target);
    if (refresh !== undefined && !hasEnded(refresh) && (refresh.version ?? group.version) !== version) {
      deployment.say(`an instance refresh to version ${refresh.version ?? '?'} of the template was running: cancelled`);
      await cancelRefresh(deployment, target);
      await refreshEnd(deployment, target, refresh.id);
      refresh = undefined;
    }
    const outdated = group.instances.filter((instance) => instance.version !== version);
    if (refresh !== undefined && !hasEnded(refresh)) deployment.say('an instance refresh to this version is running');
    else if (outdated.length > 0) {
      if (group.version === version)
        deployment.say(
          'a pulumi up by hand has already moved the group to this version: AWS cannot roll back automatically',
        );
      await startRefresh(deployment, target);
      deployment.say(`instance refresh started: ${String(outdated.length)} instance(s) to version ${version}`);
      refresh = await newestRefresh(deployment, target);
    }
    if (refresh !== undefined && (!hasEnded(refresh) || outdated.length > 0)) {
      judge(deployment, target, await refreshEnd(deployment, target, refresh.id));
    }
    // An earlier run may have started the refresh without waiting for it. Then too, Pulumi’s state does not have the version yet
    deployment.moved = refresh?.version === version;
    await attested(deployment, target);
  },
};

async function groupOf(deployment: Deployment, { group: name }: Target): Promise<ParentGroup> {
  const group = await parentGroup(deployment, name);
  if (group === undefined)
    throw new StepFailure(`there is no scaling group ${name} in ${deployment.options.region}`, [], {
      goOn: ['--from', 'preview', '--refresh'],
    });
  return group;
}

/** @returns the refresh when it has ended @throws StepFailure after the limit, Interrupted */
async function refreshEnd(deployment: Deployment, target: Target, id: string): Promise<Refresh> {
  const { group } = target;
  const { region, rolloutLimitMs } = deployment.options;
  const of = (action: string): string =>
    awsCommand(region, `autoscaling ${action}`, '--auto-scaling-group-name', group);
  const stop = [
    'The instance refresh continues in AWS without this command.',
    `To stop it now: ${of('cancel-instance-refresh')}`,
    `To roll back:   ${of('rollback-instance-refresh')}`,
  ];
  const ended = await waitFor(
    deployment,
    rolloutLimitMs,
    async () => {
      const refresh = await newestRefresh(deployment, target);
      // If another refresh is the newest one, this one has ended.
      if (refresh === undefined || refresh.id !== id || hasEnded(refresh)) return { found: refresh ?? LOST };
      return { so: described(refresh) };
    },
    stop,
  );
  if (ended === undefined)
    throw new StepFailure(`the instance refresh has not ended within ${String(rolloutLimitMs / 60_000)} minutes`, [
      ...stop,
      ...whereToLook(deployment, target),
    ]);
  return ended;
}

const LOST: Refresh = { id: '', status: 'unknown', reason: undefined, percent: 0, left: undefined, version: undefined };

const described = ({ status, percent, left, reason }: Refresh): string =>
  [
    `${status} ${String(percent)} %`,
    ...(left === undefined ? [] : [`${String(left)} to replace`]),
    ...(reason === undefined ? [] : [reason.replaceAll(/\s+/g, ' ').slice(0, 200)]),
  ].join(', ');

const ENDS: Readonly<Record<string, string>> = {
  Failed: 'the instance refresh failed; instances that it had replaced are on the new version',
  Cancelled: 'the instance refresh was cancelled; instances that it had replaced are on the new version',
  RollbackSuccessful: 'the new version did not come into service, and AWS rolled back: the previous version serves',
  RollbackFailed: 'the new version did not come into service, and the rollback failed too',
};

function judge(deployment: Deployment, target: Target, refresh: Refresh): void {
  if (refresh.status === 'Successful') {
    deployment.say('the instance refresh has ended');
    return;
  }
  throw new StepFailure(
    ENDS[refresh.status] ?? `the instance refresh ended as ${refresh.status}`,
    [
      ...(refresh.reason === undefined ? [] : [`AWS: ${refresh.reason.replaceAll(/\s+/g, ' ').slice(0, 300)}`]),
      ...whereToLook(deployment, target),
      'To try the same version again, continue as below; after a change of the sources, run the whole command.',
    ],
    { goOn: ['--from', 'rollout'] },
  );
}

const whereToLook = ({ stack, options: { region } }: Deployment, { group }: Target): string[] => [
  `Why an instance did not come into service: log group /communique-tee/${stack}/parent, and`,
  awsCommand(region, 'autoscaling describe-scaling-activities', '--auto-scaling-group-name', group, '--max-items 5'),
];

/**
 * Waits until the group has its minimum number of instances in service on the new version. The launch hook lets an instance into service
 * only after its enclave is attested.
 */
async function attested(deployment: Deployment, target: Target): Promise<void> {
  const { version } = target.template;
  const { rolloutLimitMs } = deployment.options;
  const serving = await waitFor(
    deployment,
    rolloutLimitMs,
    async () => {
      const { instances, minSize } = await groupOf(deployment, target);
      const count = instances.filter((one) => one.state === 'InService' && one.version === version).length;
      if (count >= minSize) return { found: count };
      const states = instances.map(({ id, state }) => `${id} ${state}`).join(', ');
      return { so: `${String(count)} of ${String(minSize)} in service${states === '' ? '' : `: ${states}`}` };
    },
    ['The group keeps starting instances without this command.'],
  );
  if (serving === undefined)
    throw new StepFailure(
      `the parents were not in service within ${String(rolloutLimitMs / 60_000)} minutes`,
      whereToLook(deployment, target),
    );
  deployment.say(`${String(serving)} in service on version ${version} of the template`);
}
