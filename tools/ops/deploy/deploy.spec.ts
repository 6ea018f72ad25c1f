import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { awsError } from '../preflight/testing/stand-in-aws';
import { previewOf, outputsOf, write } from './testing/checkout';
import { FAILS, NEVER_ENDS, ROLLS_BACK } from './testing/scaling-group';
import { DeployWorld, OLD_PCR0, PCR0 } from './testing/world';

let world: DeployWorld;
beforeEach(async () => {
  world = await DeployWorld.create();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const goOn = (...args: string[]): string => `To continue:\n  npm run deploy -- --stack prod ${args.join(' ')}\n`;

describe('deploy, step configuration', () => {
  it('lists the configuration’s problems before it builds anything', async () => {
    const stderr = 'refused\n  - instances: more than the image’s custody allows\n  - domain: too long\n';
    world.plan = () => Promise.resolve({ code: 1, stdout: '', stderr });
    const { code, err } = await world.run();
    expect(code).toBe(1);
    expect(err).toContain('FAILED: step configuration: the stack’s configuration cannot work\n  - instances: more');
    expect(err).toContain(goOn('--from', 'configuration'));
    expect(world.ran).toEqual([]);
  });

  it('fails before it builds anything if the AWS session has expired', async () => {
    world.answers({ GetCallerIdentity: awsError('ExpiredToken', 403) });
    const { code, err } = await world.run();
    expect(code).toBe(1);
    expect(err).toContain('FAILED: step configuration: sts:GetCallerIdentity: the AWS session has expired');
    expect(err).toContain('aws sso login');
    expect(world.ran).toEqual([]);
  });
});

describe('deploy, steps image and release', () => {
  it('builds neither if both were built from this commit and configuration', async () => {
    const { err } = await world.run();
    expect(err).toContain(`PCR0 ${PCR0}`);
    expect(world.ran.filter((line) => /^image|^ops release/.test(line))).toEqual([]);
  });

  it('builds both if they are missing', async () => {
    const missing = 'x\n  - imageFolder: there is no file measurements.json\n  - releaseFile: there is no file\n';
    let isBuilt = false;
    world.plan = (_command, args) =>
      Promise.resolve(
        isBuilt || args.includes('--without-image')
          ? { code: 0, stdout: previewOf(PCR0, world.commit), stderr: '' }
          : { code: 1, stdout: '', stderr: missing },
      );
    world.ends = {
      'ops release': () => {
        isBuilt = true;
        return { code: 0, missing: false };
      },
      'image build': () => {
        world.plan = (_command, args) =>
          Promise.resolve(
            isBuilt || args.includes('--without-image')
              ? { code: 0, stdout: previewOf(PCR0, world.commit), stderr: '' }
              : { code: 1, stdout: '', stderr: 'x\n  - releaseFile: there is no file\n' },
          );
        return { code: 0, missing: false };
      },
    };
    await world.run();
    expect(world.ran.slice(0, 3)).toEqual([
      'image build --stack prod --arch arm64',
      'ops release --arch arm64',
      'ops preflight --stack prod --before up',
    ]);
  });

  it.each([
    [
      'a change of the configuration',
      'apps/enclave/config/prod.json',
      '{"stack": "prod", "more": 1}\n',
      'it was built with another',
    ],
    ['an uncommitted change', 'package.json', '{"version": "0.2.0"}', 'files of this checkout are not committed'],
  ])('builds the image again after %s, and keeps the previous image', async (_, path, text, why) => {
    await write(world.folder.path, { [path]: text });
    world.ends = { 'image build': 1 };
    const { code, err } = await world.run();
    expect(code).toBe(1);
    expect(err).toContain(`building the image: ${why}`);
    expect(err).toContain('FAILED: step image: the image was not built; the reason is above');
    expect(err).toContain(goOn('--from', 'image'));
    const kept = join(world.folder.path, `dist/image/prod-arm64-${PCR0.slice(0, 12)}/measurements.json`);
    expect(await readFile(kept, 'utf8')).toContain(PCR0);
  });

  it('uses an image and a release that the configuration names, without building them', async () => {
    await write(world.folder.path, {
      'Pulumi.prod.yaml':
        'config:\n  aws:region: us-east-1\n  communique-tee:imageFolder: dist/image/prod-arm64\n  communique-tee:releaseFile: dist/r.tar.gz\n',
    });
    const { err } = await world.run();
    expect(err).toContain(`as imageFolder names it: PCR0 ${PCR0}`);
    expect(err).toContain('releaseFile names the release');
    expect(world.ran.filter((line) => /^image|^ops release/.test(line))).toEqual([]);
  });
});

describe('deploy, steps preflight, rules and preview', () => {
  it.each([
    ['ops preflight', 'preflight', 'preflight has failures'],
    ['ops check', 'rules', 'a planned resource breaks a rule'],
    ['pulumi preview', 'preview', 'pulumi preview failed; the reason is above. Nothing was changed'],
  ])('stops before pulumi up if %s fails', async (line, step, why) => {
    world.ends = { [line]: 1 };
    const { code, err } = await world.run();
    expect(code).toBe(1);
    expect(err).toContain(`FAILED: step ${step}: ${why}`);
    expect(err).toContain(goOn('--from', step));
    expect(world.ran.some((each) => each.startsWith('pulumi up'))).toBe(false);
  });

  it('changes nothing if the person says no', async () => {
    world.answer = false;
    const { code, err } = await world.run();
    expect(code).toBe(1);
    expect(world.asked).toEqual(['\nMake these changes in stack prod?']);
    expect(err).toContain('STOPPED at step preview: not agreed to. Nothing was changed');
    expect(world.ran.some((each) => each.startsWith('pulumi up'))).toBe(false);
  });

  it('requires --yes if there is no terminal to ask at, and runs nothing without it', async () => {
    world.answer = undefined;
    expect(await world.run()).toMatchObject({ code: 2, err: expect.stringContaining('add --yes') as unknown });
    expect(world.ran).toEqual([]);
  });

  it('runs Pulumi with the Node of this checkout and with COMMUNIQUE_ROLLOUT=deploy', async () => {
    await world.run('--from', 'preview');
    const [first] = world.environments;
    expect(first).toEqual({
      PATH: `${join(world.folder.path, 'node_modules/.bin')}:/usr/bin`,
      COMMUNIQUE_ROLLOUT: 'deploy',
    });
  });
});

describe('deploy, step way-back', () => {
  beforeEach(() => {
    world.group.images = { '1': OLD_PCR0 };
  });

  it('refuses an update that no longer accepts the running image, and prints the command that keeps it accepted', async () => {
    const { code, err } = await world.run('--from', 'way-back');
    expect(code).toBe(1);
    expect(err).toContain('FAILED: step way-back: the image that runs now would no longer be accepted');
    expect(err).toContain(`pulumi config set --path 'acceptedPcr0[0]' ${OLD_PCR0} --stack prod`);
    expect(world.ran).toEqual([]);
  });

  it('continues if the running image stays accepted, or with --drop-old-image', async () => {
    expect((await world.run('--from', 'way-back', '--drop-old-image')).err).toContain('as --drop-old-image says');
    expect(world.ran).toContain('pulumi preview --stack prod');
    await write(world.folder.path, {
      'Pulumi.prod.yaml': `config:\n  aws:region: us-east-1\n  communique-tee:acceptedPcr0: ['sha384:${OLD_PCR0}']\n`,
    });
    expect((await world.run('--from', 'way-back')).err).toContain('  the running image stays accepted\n');
  });
});

describe('deploy, step up', () => {
  it('skips Pulumi’s own preview if the person agreed to one in this run', async () => {
    await world.run('--from', 'preview', '--refresh');
    expect(world.ran.slice(0, 2)).toEqual([
      'pulumi preview --stack prod --refresh',
      'pulumi up --stack prod --yes --refresh --skip-preview',
    ]);
    await world.run('--from', 'up');
    expect(world.ran[0]).toBe('pulumi up --stack prod --yes');
  });

  it('prints a command to continue, with --refresh and the options of this run, if pulumi up fails', async () => {
    world.ends = { 'pulumi up': 255 };
    const { code, err } = await world.run('--from', 'preview', '--yes');
    expect(code).toBe(1);
    expect(world.asked).toEqual([]);
    expect(err).toContain('FAILED: step up: pulumi up failed; the reason is above');
    expect(err).toContain(goOn('--from', 'preview', '--refresh', '--yes'));
  });

  it('prints where to get Pulumi if it is not installed', async () => {
    world.ends = { pulumi: 'missing' };
    const { code, err } = await world.run();
    expect(code).toBe(1);
    expect(err).toContain('FAILED: step preview: there is no pulumi on PATH');
    expect(err).toContain('https://www.pulumi.com/docs/iac/download-install/');
  });

  it('waits for Pulumi after Ctrl-C, and prints the command that continues', async () => {
    world.ends = {
      'pulumi up': () => {
        world.interruption.interrupt();
        return { code: 255, missing: false };
      },
    };
    const { code, err } = await world.run('--from', 'preview');
    expect(code).toBe(130);
    expect(err).toContain('INTERRUPTED in step up');
    expect(err).toContain('pulumi cancel --stack prod');
    expect(err).toContain('Continue with: npm run deploy -- --stack prod --from preview --refresh');
  });
});

describe('deploy, step rollout', () => {
  beforeEach(() => {
    world.outputs = outputsOf({ stack: 'prod', pcr0: PCR0, version: '2' });
    world.ends = { 'pulumi refresh': 3 };
  });
  const run = (...more: string[]) => world.run('--from', 'rollout', ...more);
  const started = () => world.group.asked.filter((asked) => asked.get('Action') === 'StartInstanceRefresh');

  it('moves the group to the new version by a refresh that AWS can roll back, waits for its end, and updates Pulumi’s state', async () => {
    const { err } = await run();
    expect(Object.fromEntries(started()[0] ?? [])).toMatchObject({
      AutoScalingGroupName: 'communique-tee-prod-parent',
      Strategy: 'Rolling',
      'DesiredConfiguration.LaunchTemplate.LaunchTemplateId': 'lt-0123456789abcdef0',
      'DesiredConfiguration.LaunchTemplate.Version': '2',
      'Preferences.AutoRollback': 'true',
      'Preferences.MinHealthyPercentage': '100',
      'Preferences.MaxHealthyPercentage': '200',
      'Preferences.SkipMatching': 'true',
    });
    expect(err).toContain('instance refresh started: 1 instance(s) to version 2');
    expect(err).toContain('InProgress 50 %');
    expect(err).toContain('1 in service on version 2 of the template');
    expect(world.ran.at(-1)).toBe(
      'pulumi refresh --stack prod --yes --skip-preview --target urn:pulumi:prod::communique-tee::**aws:autoscaling/group:Group::communique-tee-prod-parent',
    );
    expect(err).toContain('FAILED: step state: pulumi refresh failed');
    expect(err).toContain(goOn('--from', 'verify'));
  });

  it('starts no refresh if every instance is on the new version', async () => {
    Object.assign(world.group, { version: '2', instances: [{ id: 'i-1', version: '2', state: 'InService' }] });
    const { err } = await run();
    expect(started()).toEqual([]);
    expect(world.ran).not.toContain('pulumi refresh');
    expect(err).toContain('nothing was moved');
  });

  it('waits for a refresh that an interrupted run started, and then updates Pulumi’s state', async () => {
    world.group.refreshes = [{ id: 'refresh-0', status: 'InProgress', percent: 10, version: '2' }];
    const { err } = await run();
    expect(started()).toEqual([]);
    expect(err).toContain('an instance refresh to this version is running');
    expect(err).toContain('FAILED: step state');
  });

  it('cancels a running refresh to another version before it starts its own', async () => {
    world.group.refreshes = [{ id: 'refresh-0', status: 'InProgress', percent: 10, version: '7' }];
    world.group.onCancelled = () => {
      world.group.course = [{ status: 'Successful', percent: 100 }];
    };
    const { err } = await run();
    expect(world.group.asked.map((asked) => asked.get('Action'))).toEqual([
      'CancelInstanceRefresh',
      'StartInstanceRefresh',
    ]);
    expect(err).toContain('an instance refresh to version 7 of the template was running: cancelled');
  });

  it('warns that AWS cannot roll back if a pulumi up by hand has changed the group’s version', async () => {
    world.group.version = '2';
    expect((await run()).err).toContain('AWS cannot roll back automatically');
  });

  it.each([
    ['is rolled back', ROLLS_BACK, 'AWS rolled back: the previous version serves', 'AWS: i-2 was not healthy'],
    ['fails', FAILS, 'the instance refresh failed', 'AWS: Access denied while launching'],
  ])(
    'fails if the refresh %s, and prints AWS’s reason and the command that shows more',
    async (_, course, why, reason) => {
      world.group.course = course;
      const { code, err } = await run();
      expect(code).toBe(1);
      expect(err).toContain('FAILED: step rollout: ');
      expect(err).toContain(why);
      expect(err).toContain(reason);
      expect(err).toContain('aws autoscaling describe-scaling-activities --region us-east-1');
      expect(err).toContain(goOn('--from', 'rollout'));
      expect(world.ran.some((each) => each.startsWith('pulumi refresh'))).toBe(false);
    },
  );

  it('fails after its time limit, and warns that AWS continues the refresh', async () => {
    world.group.course = NEVER_ENDS;
    const { code, err } = await run('--wait', '2');
    expect(code).toBe(1);
    expect(err).toContain('the instance refresh has not ended within 2 minutes');
    expect(err).toContain('The instance refresh continues in AWS without this command.');
  });

  it('prints, at Ctrl-C, that AWS continues the refresh and the command that rolls it back', async () => {
    world.group.course = NEVER_ENDS;
    world.onSleep = () => {
      world.interruption.interrupt();
    };
    const { code, err } = await run();
    expect(code).toBe(130);
    expect(err).toContain('INTERRUPTED in step rollout\n  The instance refresh continues in AWS');
    expect(err).toContain('aws autoscaling rollback-instance-refresh --region us-east-1');
    expect(err).toContain(goOn('--from', 'rollout'));
  });

  it('waits for instances whose enclave is not attested yet, and fails after the limit', async () => {
    Object.assign(world.group, { version: '2', instances: [{ id: 'i-9', version: '2', state: 'Pending:Wait' }] });
    const { code, err } = await run('--wait', '3');
    expect(code).toBe(1);
    expect(err).toContain('0 of 1 in service: i-9 Pending:Wait');
    expect(err).toContain('the parents were not in service within 3 minutes');
  });

  it('fails if there is no scaling group, or if AWS refuses to describe it', async () => {
    world.group.exists = false;
    expect((await run()).err).toContain('there is no scaling group communique-tee-prod-parent in us-east-1');
    world.group.exists = true;
    world.answers({ DescribeAutoScalingGroups: awsError('AccessDenied', 403, 'secret-in-an-answer') });
    const { err } = await run();
    expect(err).toContain('autoscaling:DescribeAutoScalingGroups: not allowed to ask');
    expect(err).not.toContain('secret-in-an-answer');
  });

  it('fails if another version of the program wrote the outputs, and prints the command that updates them', async () => {
    world.outputs = '{"url": "https://service.communique.invalid"}';
    const { code, err } = await run();
    expect(code).toBe(1);
    expect(err).toContain('the stack’s outputs are not those of this version of the program');
    expect(err).toContain(goOn('--from', 'preview', '--refresh'));
  });
});

describe('deploy, steps verify and summary', () => {
  it('fails without an image to compare with, and with credentials of another account', async () => {
    world.outputs = outputsOf({ stack: 'prod', pcr0: PCR0, accountId: '999988887777' });
    const { code, err } = await world.run('--from', 'verify');
    expect(code).toBe(1);
    expect(err).toContain('these credentials are of another account');
    await write(world.folder.path, { 'dist/image/prod-arm64/measurements.json': '{}' });
    const unknown = await world.run('--from', 'verify');
    expect(unknown.err).toContain('so there is nothing to compare the enclave with');
    expect(unknown.err).toContain(goOn('--from', 'image'));
  });

  it('writes the policy file, and prints the address, the cost and what the operator must do', async () => {
    const { code, out } = await world.run('--from', 'summary');
    expect(code).toBe(0);
    for (const part of [
      'service       https://service.communique.invalid\n',
      'for the House 192.0.2.7\n',
      'policy        dist/deploy/prod/policy.json',
      `PCR0          ${PCR0}\n`,
      'verified      not in this run\n',
      '$251.20 a month at prices of us-east-1, without 2 items that cost by use, and 1 with unknown price',
      'DNS: an A record from service.communique.invalid to 192.0.2.7',
      'Send 192.0.2.7 to the House',
      'npm run ops -- secrets put --stack prod cwc-house',
      'Confirm the subscription in AWS’s mail to operator@example.org',
      'aws ce update-cost-allocation-tags-status --region us-east-1',
      'npm run ops -- preflight --stack prod --before opening',
    ])
      expect(out).toContain(part);
    const policy = await readFile(join(world.folder.path, 'dist/deploy/prod/policy.json'), 'utf8');
    expect(JSON.parse(policy)).toEqual({
      operator: { name: 'Example Union' },
      acceptedMeasurements: [{ pcr0: PCR0, pcr3: 'c'.repeat(96) }],
    });
  });

  it('omits what is done already: DNS in a hosted zone, the keys that are stored, the active cost tag', async () => {
    await write(world.folder.path, {
      'Pulumi.prod.yaml': 'config:\n  aws:region: us-east-1\n  communique-tee:hostedZone: communique.invalid\n',
    });
    world.answers({
      DescribeSecret: {
        body: '{"Name": "x", "VersionIdsToStages": {"1": ["AWSCURRENT"]}}',
        headers: { 'content-type': 'application/x-amz-json-1.1' },
      },
    });
    const { out } = await world.run('--from', 'summary');
    expect(out).not.toMatch(/DNS|secrets put|update-cost-allocation-tags/);
  });
});

describe('deploy with --address-only', () => {
  beforeEach(() => {
    world.group.exists = false;
    world.outputs = '{"addressForTheHouse": "192.0.2.7"}';
  });

  it('sets addressOnly, asks, makes the address without an image, and prints what to send and how to continue', async () => {
    const { code, out } = await world.run('--address-only');
    expect(code).toBe(0);
    expect(world.ran).toEqual([
      'pulumi config set addressOnly true --stack prod',
      'pulumi preview --stack prod',
      'pulumi up --stack prod --yes --skip-preview',
      'pulumi stack output --json --stack prod',
    ]);
    expect(out).toContain('For the House   192.0.2.7');
    expect(out).toContain('pulumi config rm addressOnly --stack prod\n  npm run deploy -- --stack prod\n');
  });

  it('refuses a stack that has parents, because everything but its address would be removed', async () => {
    world.group.exists = true;
    const { code, err } = await world.run('--address-only');
    expect(code).toBe(1);
    expect(err).toContain('FAILED: step address-only: this stack has its parents already');
    expect(err).toContain('npm run deploy -- --stack prod --from address-only --address-only');
    expect(world.ran).toEqual([]);
  });

  it('stops a whole deployment while addressOnly is set, and prints the command that removes it', async () => {
    await write(world.folder.path, {
      'Pulumi.prod.yaml': 'config:\n  aws:region: us-east-1\n  communique-tee:addressOnly: true\n',
    });
    const { code, err } = await world.run();
    expect(code).toBe(1);
    expect(err).toContain('pulumi config rm addressOnly --stack prod');
    expect(world.ran).toEqual([]);
  });
});

describe('the arguments of deploy', () => {
  it.each([
    [['--stack', 'nowhere'], 'there is no such stack'],
    [['--from', 'nothing'], '--from: there is no such step; there are configuration, image'],
    [['--wait', '0'], '--wait takes whole minutes'],
  ])('refuses %j and runs nothing', async (args, why) => {
    const { code, err } = await world.run(...args);
    expect(code).toBe(2);
    expect(err).toContain(why);
    expect(world.ran).toEqual([]);
  });

  it('lists the remaining steps with --plan, and runs nothing', async () => {
    const { code, out } = await world.run('--plan', '--from', 'up');
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}8\. up: .*\n {6}\$ pulumi up --stack prod\n/);
    expect(out).not.toContain('<stack>');
    expect(world.ran).toEqual([]);
    expect(world.aws.asked).toEqual([]);
  });
});
