import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  CreateLaunchConfigurationCommand,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling';
import { AllocateAddressCommand, AssociateAddressCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  commandAvailability,
  describeWith,
  temporaryFolder,
  workspaceRoot,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { describeWithJudge, JUDGES, type Installed } from '@communique-tee/testing/judges';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { operatorShell, type OperatorShell } from './operator-shell';
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, startMoto, type Moto } from './start-moto';

describeWithJudge(JUDGES.moto, 'ops first-hour against moto', (moto) => {
  describeWithJudge(JUDGES.awscli, 'with the AWS CLI', (awscli) => {
    describeWith(commandAvailability('jq', 'jq'), 'and jq', () => {
      hour(moto, awscli);
    });
  });
});

/** Runs the command as a process, with stand-ins for deploy, Pulumi, DNS and gateway. moto ignores key policies, so the step `kms-refuses` is refuted. */
function hour(forMoto: Installed, forAwsCli: Installed): void {
  let folder: TemporaryFolder;
  let moto: Moto;
  let shell: OperatorShell;
  let [instance, address, allocation] = ['', '', ''];

  beforeAll(async () => {
    folder = await temporaryFolder('moto-hour-');
    moto = await startMoto(forMoto);
    shell = await operatorShell(folder.path, forAwsCli, {
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: MOTO_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: MOTO_CREDENTIALS.secretAccessKey,
    });
    const config = { region: 'us-east-1', endpoint: moto.endpoint, credentials: MOTO_CREDENTIALS };
    const [groups, ec2, kms] = [new AutoScalingClient(config), new EC2Client(config), new KMSClient(config)];
    const launch = { LaunchConfigurationName: 'x', ImageId: 'ami-12c6146b', InstanceType: 'c6g.large' };
    await groups.send(new CreateLaunchConfigurationCommand(launch));
    await groups.send(
      new CreateAutoScalingGroupCommand({
        ...{ AutoScalingGroupName: 'communique-tee-dev-parent', LaunchConfigurationName: 'x' },
        ...{ AvailabilityZones: ['us-east-1a'], MinSize: 1, MaxSize: 1, DesiredCapacity: 1 },
      }),
    );
    const { AutoScalingGroups: [group] = [] } = await groups.send(new DescribeAutoScalingGroupsCommand({}));
    instance = group?.Instances?.[0]?.InstanceId ?? '';
    const Tags = [{ Key: 'communique-tee:stack', Value: 'dev' }];
    const made = await ec2.send(
      new AllocateAddressCommand({ Domain: 'vpc', TagSpecifications: [{ ResourceType: 'elastic-ip', Tags }] }),
    );
    [address, allocation] = [made.PublicIp ?? '', made.AllocationId ?? ''];
    await ec2.send(new AssociateAddressCommand({ AllocationId: allocation, InstanceId: instance }));
    const { KeyMetadata: key } = await kms.send(new CreateKeyCommand({}));
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/communique-tee-dev-operator', TargetKeyId: key?.KeyId }));
    for (const [group, message] of Object.entries({
      parent: { event: 'launch_completed', upSeconds: 200 },
      enclave: { event: 'clock', rtc: 'rtc-pl031', clocksource: 'arch_sys_counter', differenceMs: 3 },
    })) {
      const stream = `--log-group-name /communique-tee/dev/${group} --log-stream-name a`;
      const events = JSON.stringify([{ timestamp: Date.now(), message: JSON.stringify(message) }]);
      await shell.type(
        `aws logs create-log-group --log-group-name /communique-tee/dev/${group} && aws logs create-log-stream ${stream} && aws logs put-log-events ${stream} --log-events '${events}'`,
      );
    }
    await shell.type('aws cloudwatch put-metric-data --namespace CommuniqueTee --metric-name a --value 1');
    const standIns = {
      // The first call of deploy waits until it is interrupted.
      npm: `case "$*" in
  *preflight*) echo '{"fail": 0, "warn": 0, "checks": []}' ;;
  *cost*) exec '${process.execPath}' tools/run.mjs tools/ops/main.ts cost --stack dev --json ;;
  *policy*) echo '{}' ;;
  *deploy*) [[ -e ${folder.file('began')} ]] || { touch ${folder.file('began')}; echo deploy-began >&2; exec sleep 300; } ;;
esac`,
      pulumi: `aws ec2 release-address --allocation-id ${allocation} && aws logs delete-log-group --log-group-name /communique-tee/dev/parent`,
      dig: `echo ${address}`,
      curl: `printf 200`,
    };
    for (const [name, body] of Object.entries(standIns))
      await writeFile(folder.file(`bin/${name}`), `#!/bin/bash\nset -e\n${body}\n`, { mode: 0o755 });
  }, 180_000);
  afterAll(async () => {
    await moto[Symbol.asyncDispose]();
    await folder.remove();
  });

  /** Runs the command in a new process group, as a terminal does, and sends Ctrl-C when `interruptAt` appears in its output. */
  async function run(interruptAt?: string): Promise<{ code: number; output: string }> {
    const child = spawn(
      process.execPath,
      ['tools/run.mjs', 'tools/ops/main.ts', 'first-hour', '--yes', '--folder', folder.file('hour')],
      { cwd: workspaceRoot(), env: shell.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        const before = output;
        output += text;
        if (interruptAt !== undefined && !before.includes(interruptAt) && output.includes(interruptAt))
          process.kill(-(child.pid ?? 0), 'SIGINT');
      });
    const [code] = (await once(child, 'close')) as [number];
    return { code, output };
  }

  it('continues after Ctrl-C in the deployment, reports what moto refutes, and keeps the account id out of the report', async () => {
    const first = await run('deploy-began');
    expect([first.code, first.output]).toEqual([
      3,
      expect.stringContaining('Interrupted. Continue with: npm run ops -- first-hour'),
    ]);
    const { code, output } = await run();
    expect(output).toContain('account: proved already');
    expect(code).toBe(1);
    const report = readFileSync(folder.file('hour/report.json'), 'utf8');
    const { themes } = JSON.parse(report) as { themes: { steps: { name: string; verdict: string }[] }[] };
    const verdicts = Object.fromEntries(
      themes.flatMap(({ steps }) => steps.map(({ name, verdict }) => [name, verdict])),
    );
    expect(verdicts).toMatchObject({
      ...{ account: 'proved', preflight: 'proved', price: 'proved', deploy: 'proved', 'in-service': 'proved' },
      ...{ 'launch-log': 'proved', address: 'proved', volume: 'not reached', boot: 'proved', clock: 'proved' },
      ...{ attested: 'not reached', 'kms-opens': 'not reached', 'kms-refuses': 'refuted' },
      ...{ dns: 'proved', certificate: 'proved', subscription: 'refuted', 'alarm-mail': 'not reached' },
      ...{ metrics: 'proved', loss: 'proved', replaced: 'proved', 'address-moved': 'refuted' },
      ...{ destroy: 'proved', 'nothing-left': 'proved', 'logs-gone': 'refuted', 'keys-end': 'proved' },
    });
    for (const file of ['report.json', 'report.md'])
      for (const secret of [MOTO_ACCOUNT, MOTO_CREDENTIALS.secretAccessKey, instance, address, 'arn:aws'])
        expect(readFileSync(folder.file(`hour/${file}`), 'utf8')).not.toContain(secret);
  });
}
