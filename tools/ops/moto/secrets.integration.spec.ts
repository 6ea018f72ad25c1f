import { CreateAliasCommand, CreateKeyCommand, DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { startSilentPort, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { describeWithJudge, JUDGES, type Installed } from '@communique-tee/testing/judges';
import { writeFile } from 'node:fs/promises';
import { operatorShell, type OperatorShell } from './operator-shell';
import { MOTO_CREDENTIALS, startMoto, type Moto } from './start-moto';

const KEY = 'canary-key-of-the-house';
const REGION = 'eu-west-3';
const HOUSE = 'communique-tee/elsewhere/enclave/cwc-house';
const CONTEXT = {
  'communique-tee:purpose': 'operator-secret',
  'communique-tee:stack': 'elsewhere',
  'communique-tee:secret': 'cwc-house',
};

describeWithJudge(JUDGES.moto, 'ops secrets against moto', (moto) => {
  describeWithJudge(JUDGES.awscli, 'with the AWS CLI', (awscli) => {
    storeSecrets(moto, awscli);
  });
});

/** The stack has no Pulumi file here, so the region is that of the operator's AWS profile. */
function storeSecrets(forMoto: Installed, forAwsCli: Installed): void {
  let folder: TemporaryFolder;
  let moto: Moto;
  let shell: OperatorShell;
  let kms: KMSClient;
  let secretsManager: SecretsManagerClient;
  const put = `'${process.execPath}' tools/run.mjs tools/ops/main.ts secrets put --stack elsewhere cwc-house`;
  const input = `${KEY}\n`;

  beforeAll(async () => {
    folder = await temporaryFolder('moto-secrets-');
    moto = await startMoto(forMoto);
    await writeFile(folder.file('config'), `[profile ada]\nregion = ${REGION}\n`);
    const { accessKeyId, secretAccessKey } = MOTO_CREDENTIALS;
    await writeFile(
      folder.file('credentials'),
      `[ada]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    shell = await operatorShell(folder.path, forAwsCli, {
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_CONFIG_FILE: folder.file('config'),
      AWS_SHARED_CREDENTIALS_FILE: folder.file('credentials'),
      AWS_PROFILE: 'ada',
    });
    const config = { region: REGION, endpoint: moto.endpoint, credentials: MOTO_CREDENTIALS };
    kms = new KMSClient(config);
    secretsManager = new SecretsManagerClient(config);
  }, 180_000);
  afterAll(async () => {
    await moto[Symbol.asyncDispose]();
    await folder.remove();
  });
  beforeEach(async () => {
    await moto.reset();
    const { KeyMetadata: key } = await kms.send(new CreateKeyCommand({}));
    await kms.send(
      new CreateAliasCommand({ AliasName: 'alias/communique-tee-elsewhere-operator', TargetKeyId: key?.KeyId }),
    );
    await secretsManager.send(new CreateSecretCommand({ Name: HOUSE }));
  });
  const refusal = (work: Promise<string>): Promise<string> =>
    work.then(
      () => 'it did it',
      (error: unknown) => String(error),
    );

  it('stores a ciphertext that KMS opens only with the enclave’s encryption context', async () => {
    expect(await shell.type(put, { input })).toContain(`${HOUSE}: stored as version`);
    const { SecretString: stored = '' } = await secretsManager.send(new GetSecretValueCommand({ SecretId: HOUSE }));
    const CiphertextBlob = Buffer.from(stored, 'base64');
    const { Plaintext: opened } = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: CONTEXT }));
    expect(Buffer.from(opened ?? []).toString()).toBe(KEY);
    await expect(kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toThrow();
  });

  it('names the profile’s region if that region has no key', async () => {
    await moto.reset();
    expect(await refusal(shell.type(put, { input }))).toContain(
      `there is no alias/communique-tee-elsewhere-operator in ${REGION}; nothing was stored`,
    );
  });

  it('fails after its time limit if AWS does not answer', async () => {
    await using silent = await startSilentPort();
    const told = await refusal(
      shell.type(`${put} --timeout 1`, {
        input,
        env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${String(silent.port)}` },
      }),
    );
    expect(told).toContain('KMS did not answer within 1 s; nothing was stored');
    expect(told).toContain('ended with 1:');
  });

  it('a whole preflight under the same profile has no internal error in a check', async () => {
    const told = await refusal(
      shell.type(
        `'${process.execPath}' tools/run.mjs tools/ops/main.ts preflight --stack prod --timeout 120 --skip domain,zone,caa,house,senate`,
      ),
    );
    expect(told).toContain('aws-credentials    arn:aws:sts::123456789012:user/moto in us-east-1');
    expect(told).not.toContain('the check itself went wrong');
    expect(told).not.toContain('not checked in time');
  });
}
