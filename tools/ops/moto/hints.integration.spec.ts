import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DisableKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { operatorKeyPolicy } from '@communique-tee/key-policies';
import { startKmsSimulator, type KmsSimulator } from '@communique-tee/kms-simulator';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { describeWithJudge, JUDGES, type Installed } from '@communique-tee/testing/judges';
import { createNsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { absent, look, programs, type SeenFinding } from '../preflight/testing/look';
import { realPorts } from '../preflight/ports';
import { operatorShell, type OperatorShell } from './operator-shell';
import { MOTO_ACCOUNT, MOTO_CREDENTIALS, startMoto, type Moto } from './start-moto';
import { startNotInMoto, type NotInMoto } from './not-in-moto';

const HOUSE = 'communique-tee/prod/enclave/cwc-house';
const REDIS = 'communique-tee/prod/gateway/redis-url';
const role = (name: string) => `arn:aws:iam::${MOTO_ACCOUNT}:role/${name}`;
const identityPolicy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }] };

/**
 * Runs each command that preflight prints as a hint, unchanged, with the real AWS CLI, and then expects the check to pass. The AWS profile names a region
 * other than the stack's, as an operator's profile may.
 */
describeWithJudge(JUDGES.moto, 'the commands in preflight’s hints', (moto) => {
  describeWithJudge(JUDGES.awscli, 'with the AWS CLI', (awscli) => {
    followHints(moto, awscli);
  });
});

function followHints(forMoto: Installed, forAwsCli: Installed): void {
  let folder: TemporaryFolder;
  let moto: Moto;
  let notInMoto: NotInMoto;
  let shell: OperatorShell;
  let kms: KMSClient;
  let secretsManager: SecretsManagerClient;
  const saved = { ...process.env };

  beforeAll(async () => {
    folder = await temporaryFolder('hints-');
    [moto, notInMoto] = await Promise.all([startMoto(forMoto), startNotInMoto()]);
    const endpoints = {
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_ENDPOINT_URL_SERVICE_QUOTAS: notInMoto.endpoint,
      AWS_ENDPOINT_URL_COST_EXPLORER: notInMoto.endpoint,
    };
    Object.assign(process.env, endpoints);
    shell = await operatorShell(folder.path, forAwsCli, {
      ...endpoints,
      AWS_ACCESS_KEY_ID: MOTO_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: MOTO_CREDENTIALS.secretAccessKey,
      AWS_DEFAULT_REGION: 'ap-south-1',
    });
    const config = { region: 'us-east-1', endpoint: moto.endpoint, credentials: MOTO_CREDENTIALS };
    kms = new KMSClient(config);
    secretsManager = new SecretsManagerClient(config);
  }, 180_000);
  afterAll(async () => {
    for (const name of Object.keys(process.env)) if (!(name in saved)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, saved);
    await moto[Symbol.asyncDispose]();
    await notInMoto[Symbol.asyncDispose]();
    await folder.remove();
  });
  beforeEach(async () => {
    await moto.reset();
    Object.assign(notInMoto.quotas, { 'L-1216C47A': 32, 'L-0263D0A3': 5 });
  });

  const seen = (name: string, resolver = absent): Promise<SeenFinding[]> =>
    look(
      name,
      {
        ports: { resolver, env: { ...process.env }, aws: { credentials: MOTO_CREDENTIALS } },
      },
      ['--before', 'opening', '--config', 'redis=external'],
    );
  async function hintOf(check: string, about = ''): Promise<string> {
    const found = (await seen(check)).find(({ found: text, command }) => text.includes(about) && command !== undefined);
    if (found?.command === undefined) throw new Error(`${check} gives no command`);
    expect(found.status).not.toBe('pass');
    return found.command;
  }
  async function passes(check: string, about = ''): Promise<void> {
    const found = (await seen(check)).filter(({ found: text }) => text.includes(about));
    expect(found.map(({ status }) => status)).toEqual([expect.stringMatching('pass')]);
  }

  it.each(['vcpu-quota', 'address-quota'])('%s: requests a higher quota', async (check) => {
    Object.assign(notInMoto.quotas, { 'L-1216C47A': 7, 'L-0263D0A3': 0 });
    await shell.type(await hintOf(check));
    await passes(check);
  });

  it.each([
    ['disabled', (KeyId: string) => kms.send(new DisableKeyCommand({ KeyId }))],
    ['waiting to be deleted', (KeyId: string) => kms.send(new ScheduleKeyDeletionCommand({ KeyId }))],
  ])('kms-keys: enables a key that is %s', async (_name, spoil) => {
    const { KeyMetadata: key } = await kms.send(new CreateKeyCommand({}));
    const TargetKeyId = key?.KeyId ?? '';
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/communique-tee-prod-enclave', TargetKeyId }));
    await spoil(TargetKeyId);
    await shell.type(await hintOf('kms-keys', '-enclave'));
    await passes('kms-keys', '-enclave');
  });

  it('secrets: restores a secret that is waiting to be deleted', async () => {
    await secretsManager.send(new CreateSecretCommand({ Name: REDIS, SecretString: 'rediss://:password@h:6379' }));
    await secretsManager.send(new DeleteSecretCommand({ SecretId: REDIS }));
    await shell.type(await hintOf('secrets', REDIS));
    await passes('secrets', REDIS);
  });

  it.each([
    ['has no value', undefined],
    ['has no TLS', 'redis://:password@h:6379'],
    ['ends with a line break', 'rediss://:password@h:6379\n'],
  ])('secrets: stores the gateway’s URL again if the stored value %s', async (_name, before) => {
    await secretsManager.send(
      new CreateSecretCommand({ Name: REDIS, ...(before !== undefined && { SecretString: before }) }),
    );
    await shell.type(await hintOf('secrets', REDIS), { input: 'rediss://:pass\\word@h:6379\n' });
    await passes('secrets', REDIS);
    expect(await secretsManager.send(new GetSecretValueCommand({ SecretId: REDIS }))).toMatchObject({
      SecretString: 'rediss://:pass\\word@h:6379',
    });
  });

  it('cost-tag: activates the tag', async () => {
    notInMoto.tags['communique-tee:stack'] = 'Inactive';
    const { runProgram } = realPorts(folder.path);
    const tag = () =>
      look(
        'cost-tag',
        {
          ports: {
            env: { ...process.env },
            aws: { credentials: MOTO_CREDENTIALS },
            runProgram: async (command, args, options) =>
              command === 'aws' ? runProgram(command, args, { ...options, env: shell.env }) : programs(command, args),
          },
        },
        ['--before', 'opening', '--config', 'redis=external'],
      );
    const [inactive] = await tag();
    expect(inactive).toMatchObject({ status: 'fail' });
    await shell.type(inactive?.command ?? 'false');
    expect(await tag()).toMatchObject([{ status: 'pass' }]);
  });

  it('parent: shows the group’s activities, which tell why instances are missing', async () => {
    const group = '--auto-scaling-group-name communique-tee-prod-parent';
    await shell.type(
      `aws autoscaling create-launch-configuration --region us-east-1 --launch-configuration-name x --image-id ami-12c6146b --instance-type c6g.xlarge && aws autoscaling create-auto-scaling-group --region us-east-1 ${group} --launch-configuration-name x --min-size 0 --max-size 1 --availability-zones us-east-1a`,
    );
    expect(await shell.type(await hintOf('parent'))).toContain('"Activities"');
  });

  it('zone: prints the name servers of the hosted zone', async () => {
    await shell.type('aws route53 create-hosted-zone --name communique.test --caller-reference x');
    expect(await shell.type(await hintOf('zone'))).toMatch(/^ns-[\d.a-z-]+(\tns-[\d.a-z-]+)+\n$/);
  });

  describe('secrets of the enclave', () => {
    let simulator: KmsSimulator;
    let agent: Agent;
    const parent = { accessKeyId: 'AKIAPARENT000000000', secretAccessKey: 'y'.repeat(40) };
    const operator = { accessKeyId: 'AKIAOPERATOR0000000', secretAccessKey: 'x'.repeat(40) };
    beforeAll(async () => {
      const policy = operatorKeyPolicy({
        place: { stack: 'prod', region: 'us-east-1', accountId: MOTO_ACCOUNT, partition: 'aws' },
        parentRoleArn: role('parent'),
        acceptedImages: [{ pcr0: developmentMeasurements.pcr0 }],
        administrators: [role('administrator')],
        operators: [role('operator')],
      });
      simulator = await startKmsSimulator({
        region: 'us-east-1',
        account: MOTO_ACCOUNT,
        keys: [{ alias: 'alias/communique-tee-prod-operator', policy: { ...policy } }],
        credentials: [
          { ...operator, principalArn: role('operator'), identityPolicy },
          { ...parent, principalArn: role('parent'), identityPolicy },
        ],
        trustAnchorPem: await developmentRootPem(folder.path),
      });
      agent = new Agent({ ca: simulator.certificateAuthority });
      await writeFile(folder.file('kms.pem'), simulator.certificateAuthority);
    });
    afterAll(async () => {
      agent.destroy();
      await simulator.close();
    });

    it.each([
      ['has no value', undefined],
      ['is the unencrypted key', 'plain-key-of-the-house'],
    ])('are stored so that an attested enclave can open them, if the secret %s', async (_name, before) => {
      await secretsManager.send(
        new CreateSecretCommand({ Name: HOUSE, ...(before !== undefined && { SecretString: before }) }),
      );
      const typed = await shell.type(await hintOf('secrets', HOUSE), {
        input: 'key-of-the-house\n',
        env: {
          AWS_ACCESS_KEY_ID: operator.accessKeyId,
          AWS_SECRET_ACCESS_KEY: operator.secretAccessKey,
          AWS_ENDPOINT_URL_KMS: simulator.origin,
          NODE_EXTRA_CA_CERTS: folder.file('kms.pem'),
        },
      });
      expect(typed).toContain(`${HOUSE}: stored as version`);
      expect(typed).not.toContain('key-of-the-house');
      const { SecretString: stored = '' } = await secretsManager.send(new GetSecretValueCommand({ SecretId: HOUSE }));
      expect(await openedInEnclave(Buffer.from(stored, 'base64'))).toBe(true);
    });

    /** Returns whether KMS decrypts for an attested enclave that sends its usual encryption context. */
    async function openedInEnclave(CiphertextBlob: Uint8Array): Promise<boolean> {
      const nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.path }));
      const publicKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
        format: 'der',
        type: 'spki',
      });
      const answer = await new KMSClient({
        region: 'us-east-1',
        endpoint: simulator.origin,
        credentials: parent,
        requestHandler: { httpsAgent: agent },
      }).send(
        new DecryptCommand({
          CiphertextBlob,
          KeyId: 'alias/communique-tee-prod-operator',
          EncryptionContext: {
            'communique-tee:purpose': 'operator-secret',
            'communique-tee:stack': 'prod',
            'communique-tee:secret': 'cwc-house',
          },
          Recipient: {
            AttestationDocument: await nsm.attest({ publicKey: new Uint8Array(publicKey) }),
            KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256',
          },
        }),
      );
      await nsm.close();
      return answer.CiphertextForRecipient !== undefined;
    }
  });
}
