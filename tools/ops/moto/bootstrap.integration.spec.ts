import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { CloudFormationClient, CreateStackCommand, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { describeWithJudge, JUDGES } from '@communique-tee/testing/judges';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { templateText } from '../deploy/bootstrap/template';
import { Interruption } from '../deploy/interruption';
import { deployPorts, type Ports } from '../deploy/ports';
import { runDeploy } from '../deploy/run-deploy';
import { startCloudFormationFront, type CloudFormationFront } from './cloudformation-front';
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, startMoto, type Moto } from './start-moto';

describeWithJudge(JUDGES['cfn-lint'], 'the template of deploy bootstrap', ({ python }) => {
  const lint = async (text: string): Promise<string> => {
    await using folder = await temporaryFolder('cfn-lint-');
    await writeFile(folder.file('template.json'), text);
    const main = 'import sys; from cfnlint.runner import main; sys.exit(main())';
    const args = ['--template', folder.file('template.json'), '--regions', 'us-east-1'];
    return await promisify(execFile)(python, ['-c', main, ...args]).then(
      ({ stdout }) => stdout,
      ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout || `not run: ${stderr}`,
    );
  };

  it('passes cfn-lint, which has AWS’s own schemas, without a warning', async () => {
    expect(await lint(templateText())).toBe('');
  });

  it('fails cfn-lint if a bucket has an unknown property', async () => {
    expect(await lint(templateText().replace('"VersioningConfiguration"', '"Versioning"'))).toMatch(
      /E3002.*Versioning/,
    );
  });

  it('fits into a request to CloudFormation, and has only ASCII characters', () => {
    expect(Buffer.byteLength(templateText())).toBeLessThanOrEqual(51_200);
    expect(templateText()).toMatch(/^[\n\x20-\x7e]*$/);
  });
});

/** Tests the command as an administrator runs it, against moto, another project's emulator of CloudFormation. */
describeWithJudge(JUDGES.moto, 'deploy bootstrap against moto', (installed) => {
  let moto: Moto;
  let front: CloudFormationFront;
  let folder: TemporaryFolder;
  let cloudFormation: CloudFormationClient;
  const RESOURCES = (JSON.parse(templateText()) as { Resources: Record<string, { Type: string }> }).Resources;
  const BUCKET = `communique-tee-pulumi-state-${MOTO_ACCOUNT}-us-east-1`;
  /** Returns what moto's IAM answers, as text. */
  const iam = async (action: string, role = ''): Promise<string> => {
    const answer = await fetch(moto.endpoint, {
      method: 'POST',
      headers: { authorization: 'AWS4-HMAC-SHA256 Credential=AKIAMOTO00000000/20261130/us-east-1/iam/aws4_request' },
      body: new URLSearchParams({ Action: action, RoleName: role, Scope: 'Local', Version: '2010-05-08' }),
    });
    return answer.text();
  };
  const role = (name: string): string => `arn:aws:iam::${MOTO_ACCOUNT}:role/${name}`;

  beforeAll(async () => {
    moto = await startMoto(installed);
    folder = await temporaryFolder('bootstrap-');
    await writeFile(folder.file('Pulumi.prod.yaml'), 'config:\n  aws:region: us-east-1\n');
    front = await startCloudFormationFront(moto.endpoint, async () => {
      const arnOf = async (name: string) => /<Arn>([^<]+)</.exec(await iam('GetRole', name))?.[1] ?? 'no such role';
      return {
        StateBucket: BUCKET,
        FirstRole: await arnOf('communique-tee-deployer-1'),
        SecondRole: await arnOf('communique-tee-deployer-2'),
      };
    });
    const config = { region: 'us-east-1', endpoint: moto.endpoint, credentials: MOTO_CREDENTIALS };
    cloudFormation = new CloudFormationClient(config);
  }, 180_000);
  afterAll(async () => {
    await front[Symbol.asyncDispose]();
    await moto[Symbol.asyncDispose]();
    await folder.remove();
  });
  beforeEach(async () => {
    await moto.reset();
    Object.assign(front, { status: undefined, protects: false });
    for (const action of Object.keys(front.refuses)) Reflect.deleteProperty(front.refuses, action);
    front.asked.length = 0;
  });

  async function bootstrap(options: readonly string[] = [], answer?: boolean) {
    let [out, err] = ['', ''];
    const interruption = new Interruption();
    const real = deployPorts(folder.path, interruption);
    const ports: Ports = {
      ...real,
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      looking: { ...real.looking, aws: { endpoint: front.endpoint, credentials: MOTO_CREDENTIALS } },
      sleep: () => nextTurn(),
      ask: () => Promise.resolve(answer ?? true),
    };
    const argv = ['bootstrap', '--account', MOTO_ACCOUNT, '--stack', 'prod', ...options];
    const code = await runDeploy(argv, () => ports, ports);
    return { code, out, err };
  }
  const AGAIN = `To continue, with the same options:\n  npm run deploy -- bootstrap --account ${MOTO_ACCOUNT} --stack prod\n`;
  const hint = (action: string) =>
    `aws cloudformation ${action} --region us-east-1 --stack-name communique-tee-bootstrap`;

  it('makes bucket, key, policies and roles, lists each, protects the stack, and prints the next commands', async () => {
    const { code, out, err } = await bootstrap();
    expect({ code, failure: /FAILED.*/.exec(err)?.[0] }).toEqual({ code: 0, failure: undefined });
    for (const [id, { Type: type }] of Object.entries(RESOURCES))
      if (!['GitHubProvider', 'PreviewRole'].includes(id))
        expect(err).toMatch(new RegExp(`^  Add +${type.replaceAll(':', '\\:')} +${id}$`, 'm'));
    expect(front.protects).toBe(true);
    expect(out).toContain(`pulumi login 's3://${BUCKET}?region=us-east-1'`);
    expect(out).toContain("--secrets-provider 'awskms://alias/communique-tee-pulumi?region=us-east-1'");
    expect(out).toContain(`['${role('communique-tee-deployer-1')}', '${role('communique-tee-deployer-2')}']`);

    const config = { region: 'us-east-1', endpoint: moto.endpoint, credentials: MOTO_CREDENTIALS };
    const s3 = new S3Client({ ...config, forcePathStyle: true });
    const { Keys: keys } = await new KMSClient(config).send(new ListKeysCommand({}));
    expect(keys).toHaveLength(1);
    const policies = await iam('ListPolicies');
    expect([...policies.matchAll(/<PolicyName>([^<]+)</g)].map(([, name]) => name).sort()).toEqual(
      ['data', 'network', 'state', 'watch'].map((part) => `communique-tee-deployment-${part}`),
    );
    const { Buckets: buckets = [] } = await s3.send(new ListBucketsCommand({}));
    expect(buckets.map(({ Name: name }) => name)).toEqual([BUCKET]);
  });

  it('changes nothing when it is run again, and prints the same commands', async () => {
    const first = await bootstrap();
    front.asked.length = 0;
    const second = await bootstrap();
    expect(second.err).toContain('Everything exists already; nothing to change.');
    expect([second.code, second.out]).toEqual([0, first.out]);
    expect(front.asked).not.toContain('CreateChangeSet');
  });

  /** The description of both roles. */
  const DESCRIPTION = 'Deploys communique-tee, and administers its keys';
  /** Makes the stack from another template, because moto notices a changed template but not a changed parameter. */
  const createByAnEarlierVersion = () =>
    cloudFormation.send(
      new CreateStackCommand({
        StackName: 'communique-tee-bootstrap',
        TemplateBody: templateText().replace(DESCRIPTION, 'Deploys'),
        Capabilities: ['CAPABILITY_NAMED_IAM'],
        Parameters: ['FirstDeployer', 'SecondDeployer'].map((ParameterKey) => ({
          ParameterKey,
          ParameterValue: `arn:aws:iam::${MOTO_ACCOUNT}:root`,
        })),
      }),
    );

  it('updates a stack that an earlier version made, and lists only the resource that changes', async () => {
    await createByAnEarlierVersion();
    const { code, err } = await bootstrap();
    expect([code, err.match(/^ {2}(Add|Modify|Remove).*$/gm)]).toEqual([
      0,
      [expect.stringMatching(/^ {2}Modify +AWS::IAM::Role +FirstRole$/)],
    ]);
    expect(await iam('GetRole', 'communique-tee-deployer-1')).toContain(`<Description>${DESCRIPTION}<`);
    expect((await bootstrap()).err).toContain('Everything exists already; nothing to change.');
  });

  it('changes nothing if the person does not agree', async () => {
    const { code, err } = await bootstrap([], false);
    expect([code, err.includes('FAILED: bootstrap: not agreed to; nothing was changed'), err.endsWith(AGAIN)]).toEqual([
      ...[1, true, true],
    ]);
    expect(front.asked).toContain('DeleteChangeSet');
    expect(front.asked).not.toContain('ExecuteChangeSet');
  });

  it('refuses credentials of another account before it asks CloudFormation', async () => {
    const { code, err } = await bootstrap(['--account', '111122223333']);
    expect([code, front.asked]).toEqual([1, []]);
    expect(err).toContain(`these credentials are of account ${MOTO_ACCOUNT}, and --account is 111122223333`);
    expect(err).toContain('Sign in to that account, or set AWS_PROFILE.');
  });

  it.each([
    ['is not allowed to ask', 'DescribeStacks', 'AccessDenied', 'allow cloudformation:* to your role'],
    ['has a session that ended', 'CreateChangeSet', 'ExpiredToken', 'aws sso login'],
    [
      'has a template that is refused',
      'CreateChangeSet',
      'ValidationError',
      'CloudFormation refuses (ValidationError): refused by a test',
    ],
    ['may not start the change', 'ExecuteChangeSet', 'AccessDenied', 'allow cloudformation:* to your role'],
  ])('prints the command that continues if it %s', async (_what, action, refusal, words) => {
    front.refuses[action] = refusal;
    const { code, err } = await bootstrap();
    expect(code).toBe(1);
    expect(err).toContain(words);
    expect(err.endsWith(AGAIN)).toBe(true);
  });

  it('warns if it may not protect the stack, and prints the command that does', async () => {
    front.refuses['UpdateTerminationProtection'] = 'AccessDenied';
    const { code, err } = await bootstrap();
    expect(code).toBe(0);
    expect(err).toContain(`${hint('update-termination-protection')} --enable-termination-protection`);
  });

  it.each([
    ['a first try failed', 'ROLLBACK_COMPLETE', 'delete-stack'],
    ['a deletion failed', 'DELETE_FAILED', 'delete-stack'],
    ['an update’s rollback failed', 'UPDATE_ROLLBACK_FAILED', 'continue-update-rollback'],
  ])('prints the command that brings the stack out of its failed state if %s', async (_what, status, action) => {
    await bootstrap();
    front.status = status;
    const { code, err } = await bootstrap();
    expect([code, err.includes(`  ${hint(action)}\n`), err.endsWith(AGAIN)]).toEqual([1, true, true]);
  });

  it.each([
    ['ROLLBACK_COMPLETE', `  ${hint('delete-stack')}\n`],
    ['UPDATE_ROLLBACK_COMPLETE', 'and nothing has changed'],
  ])('fails if CloudFormation ends with the status %s', async (status, words) => {
    // Set the status only after the change was started, so that the command first sees the stack as it was.
    const ends = async () => {
      while (!front.asked.includes('ExecuteChangeSet')) await nextTurn();
      front.status = status;
    };
    const [{ code, err }] = await Promise.all([bootstrap(), ends()]);
    expect(code).toBe(1);
    expect(err).toContain(`CloudFormation ended as ${status}; the first failure above says why`);
    expect(err).toContain(words);
  });

  it('waits until a running update has ended, and then makes its own update', async () => {
    await createByAnEarlierVersion();
    front.status = 'UPDATE_IN_PROGRESS';
    const ends = async () => {
      while (front.asked.filter((action) => action === 'DescribeStacks').length < 3) await nextTurn();
      front.status = undefined;
    };
    const [{ code, err }] = await Promise.all([bootstrap(), ends()]);
    expect(code).toBe(0);
    expect(err).toContain('An update is running (UPDATE_IN_PROGRESS); waiting for its end.');
    expect(err).toMatch(/^ {2}Modify +AWS::IAM::Role +FirstRole$/m);
  });

  it('fails if the stack is deleted while it waits, and says that bucket and key are kept', async () => {
    await bootstrap();
    front.status = 'DELETE_IN_PROGRESS';
    front.asked.length = 0;
    const ends = async () => {
      while (front.asked.filter((action) => action === 'DescribeStacks').length < 3) await nextTurn();
      await cloudFormation.send(new DeleteStackCommand({ StackName: 'communique-tee-bootstrap' }));
      front.status = undefined;
    };
    const [{ code, err }] = await Promise.all([bootstrap(), ends()]);
    expect([code, err.includes('the stack was deleted meanwhile; its bucket and its key are kept')]).toEqual([1, true]);
  });
});
