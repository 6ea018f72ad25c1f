import { CreateAliasCommand, CreateKeyCommand, DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  commandAvailability,
  describeWith,
  temporaryFolder,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { describeWithJudge, JUDGES, type Installed } from '@communique-tee/testing/judges';
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { operatorShell } from './operator-shell';
import { parentShell, type ParentShell } from './parent-shell';
import { MOTO_CREDENTIALS, startMoto, type Moto } from './start-moto';

describeWithJudge(JUDGES.moto, 'what the parent fetches, from moto', (moto) => {
  describeWithJudge(JUDGES.awscli, 'with the AWS CLI', (awscli) => {
    describeWith(commandAvailability('jq', 'jq'), 'and jq', () => {
      fetches(moto, awscli);
    });
  });
});

/** Runs the scripts as the instance has them. infra/parent/src tests what moto lacks: AWS's refusals, and AWS's silence. */
function fetches(forMoto: Installed, forAwsCli: Installed): void {
  let folder: TemporaryFolder;
  let moto: Moto;
  let parent: ParentShell;
  let secretsManager: SecretsManagerClient;
  let s3: S3Client;
  let kms: KMSClient;

  beforeAll(async () => {
    folder = await temporaryFolder('moto-parent-');
    moto = await startMoto(forMoto);
    parent = await parentShell(folder, forAwsCli, moto);
    const config = { region: 'us-east-1', endpoint: moto.endpoint, credentials: MOTO_CREDENTIALS };
    secretsManager = new SecretsManagerClient(config);
    s3 = new S3Client({ ...config, forcePathStyle: true });
    kms = new KMSClient(config);
  }, 180_000);
  afterAll(async () => {
    await moto[Symbol.asyncDispose]();
    await folder.remove();
  });

  /** Makes a secret. @returns its ARN */
  async function secret(name: string, value?: string | Uint8Array): Promise<string> {
    const { ARN: arn = '' } = await secretsManager.send(
      new CreateSecretCommand({
        Name: `communique-tee/dev/${name}`,
        ...(typeof value === 'string' && { SecretString: value }),
        ...(value instanceof Uint8Array && { SecretBinary: value }),
      }),
    );
    return arn;
  }
  const listFile = async (list: object): Promise<string> => {
    await writeFile(folder.file('list.json'), JSON.stringify(list));
    return folder.file('list.json');
  };

  it('writes the gateway’s secrets as environment variables, escaped for systemd', async () => {
    const postgresql = { host: 'db', port: 5432, database: 'communique', parameters: '?sslmode=verify-full' };
    const list = await listFile({
      TOKEN: { arn: await secret('plain', 'a"b\\c$d`e\'f #x') },
      DATABASE_URL: { arn: await secret('rds', '{"username": "u", "password": "p@s/s"}'), postgresql },
      REDIS_URL: { arn: await secret('redis', 'p@s:s'), redis: { host: 'cache', port: 6379 } },
    });
    const env = { AWAITED_FILE: folder.file('awaited') };
    expect(await parent.run('fetch-secrets', [list, folder.file('gateway.env')], env)).toEqual({
      code: 0,
      output: 'secrets: DATABASE_URL, REDIS_URL, TOKEN\n',
    });
    expect((await readFile(folder.file('gateway.env'), 'utf8')).trim().split('\n')).toEqual([
      'DATABASE_URL="postgresql://u:p%40s%2Fs@db:5432/communique?sslmode=verify-full"',
      'REDIS_URL="rediss://:p%40s%3As@cache:6379"',
      'TOKEN="a\\"b\\\\c\\$d\\`e\'f #x"',
    ]);
  });

  it('names each secret that cannot be used, and waits only for one that the operator has not filled yet', async () => {
    const deleted = await secret('deleted', 'canary-of-the-deleted');
    await secretsManager.send(new DeleteSecretCommand({ SecretId: deleted }));
    const arns = {
      BYTES: await secret('bytes', Buffer.from('canary')),
      DELETED: deleted,
      UNFILLED: await secret('empty'),
    };
    const list = await listFile(Object.fromEntries(Object.entries(arns).map(([name, arn]) => [name, { arn }])));
    const env = { AWAITED_FILE: folder.file('awaited') };
    const { code, output } = await parent.run('fetch-secrets', [list, folder.file('never.env')], env);
    expect([code, output.trim().split('\n')]).toEqual([
      1,
      [
        `BYTES: its secret holds bytes and no text; put it there with --secret-string (${arns.BYTES})`,
        expect.stringMatching(/^DELETED: An error occurred \(InvalidRequestException\).*\(arn:.*deleted-/),
        expect.stringMatching(/^UNFILLED: nothing was put into its secret yet: aws secretsmanager put-secret-value /),
      ],
    ]);
    expect(await readFile(folder.file('awaited'), 'utf8')).toBe('UNFILLED\n');
    await expect(stat(folder.file('never.env'))).rejects.toThrow('ENOENT');
  });

  it('passes the ciphertext that `ops secrets put` stored to the enclave, and omits a deleted and an unfilled secret', async () => {
    const { KeyMetadata: key } = await kms.send(new CreateKeyCommand({}));
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/communique-tee-dev-operator', TargetKeyId: key?.KeyId }));
    const house = await secret('enclave/cwc-house');
    const senate = await secret('enclave/cwc-senate', 'A'.repeat(200));
    await secretsManager.send(new DeleteSecretCommand({ SecretId: senate }));
    await using home = await temporaryFolder('moto-operator-');
    const operator = await operatorShell(home.path, forAwsCli, {
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_ACCESS_KEY_ID: MOTO_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: MOTO_CREDENTIALS.secretAccessKey,
    });
    await operator.type(`'${process.execPath}' tools/run.mjs tools/ops/main.ts secrets put --stack dev cwc-house`, {
      input: 'canary-key-of-the-house\n',
    });
    const list = await listFile({
      'cwc-house': house,
      'cwc-senate': senate,
      'openai-api-key': await secret('enclave/openai-api-key'),
    });
    const file = folder.file('secrets.json');
    const { code, output } = await parent.run('fetch-enclave-secrets', [list, file]);
    expect([code, output.trim().split('\n')]).toEqual([
      0,
      [
        expect.stringMatching(/^cwc-senate: is left out: An error occurred \(InvalidRequestException\)/),
        'openai-api-key: nothing was put there yet',
        'secrets of the enclave: cwc-house',
      ],
    ]);
    const { 'cwc-house': stored = '' } = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
    const { Plaintext: opened } = await kms.send(
      new DecryptCommand({
        CiphertextBlob: Buffer.from(stored, 'base64'),
        EncryptionContext: {
          'communique-tee:purpose': 'operator-secret',
          'communique-tee:stack': 'dev',
          'communique-tee:secret': 'cwc-house',
        },
      }),
    );
    expect(Buffer.from(opened ?? []).toString()).toBe('canary-key-of-the-house');
  });

  it('fetches only the version of the image that has the named hash', async () => {
    const Bucket = 'communique-tee-dev-images';
    const Key = 'images/one.eif';
    await s3.send(new CreateBucketCommand({ Bucket }));
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    const put = async (Body: string) => (await s3.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId ?? '';
    const [first, second] = [await put('the image'), await put('another')];
    const state = await temporaryFolder('moto-state-');
    const pcr0 = 'ab'.repeat(48);
    await parent.standIn('nitro-cli', `echo '{"Measurements":{"PCR0":"${pcr0}"}}'`);
    const fetchImage = (version: string, more: Record<string, string> = {}) =>
      parent.run('fetch-image', [], {
        ...{ STATE_DIRECTORY: state.path, IMAGE_BUCKET: Bucket, IMAGE_KEY: Key, IMAGE_VERSION_ID: version },
        ...{ IMAGE_SHA384: createHash('sha384').update('the image').digest('hex'), IMAGE_PCR0: pcr0, ...more },
      });
    expect(await fetchImage(second)).toMatchObject({
      code: 1,
      output: expect.stringContaining(`s3://${Bucket}/${Key} is not what was asked for`) as string,
    });
    expect(await fetchImage(first, { IMAGE_KEY: 'images/none.eif' })).toMatchObject({
      code: 1,
      output: expect.stringContaining(`s3://${Bucket}/images/none.eif could not be fetched`) as string,
    });
    expect(await fetchImage(first)).toEqual({ code: 0, output: `the image is there: PCR0 ${pcr0}\n` });
    expect(await readFile(state.file('enclave.eif'), 'utf8')).toBe('the image');
    await state.remove();
  });
}
