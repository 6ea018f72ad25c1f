import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { operatorKeyPolicy } from '@communique-tee/key-policies';
import { startKmsSimulator, type KmsSimulator } from '@communique-tee/kms-simulator';
import { developmentRootPem } from '@communique-tee/testing/nsm-mock';
import {
  spawnService,
  startSilentPort,
  temporaryFolder,
  workspaceRoot,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { Agent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { CommandLine } from '@communique-tee/command-line';
import { secrets, type Ports } from './command';

const KEY = 'canary-key-0123456789';
const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;

describe('ops secrets', () => {
  let folder: TemporaryFolder;
  let kms: KmsSimulator;
  let agent: Agent;
  let store: Server;
  let stored: Record<string, unknown>[];
  let regions: string[];
  let storeAnswers: { status: number; body: object | string } | 'silence';
  let said: { out: string; err: string };
  const operator = { accessKeyId: 'AKIAOPERATOR0000000', secretAccessKey: 'x'.repeat(40) };
  const somebody = { accessKeyId: 'AKIASOMEBODY0000000', secretAccessKey: 'y'.repeat(40) };

  beforeAll(async () => {
    folder = await temporaryFolder('secrets');
    const policy = operatorKeyPolicy({
      place: { stack: 'prod', region: 'us-east-1', accountId: '123456789012', partition: 'aws' },
      parentRoleArn: role('parent'),
      acceptedImages: [{ pcr0: 'ab'.repeat(48) }],
      administrators: [role('administrator')],
      operators: [role('operator')],
    });
    const identityPolicy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*' }] };
    kms = await startKmsSimulator({
      region: 'us-east-1',
      account: '123456789012',
      keys: [{ alias: 'alias/communique-tee-prod-operator', policy: { ...policy } }],
      credentials: [
        { ...operator, principalArn: role('operator'), identityPolicy },
        { ...somebody, principalArn: role('somebody'), identityPolicy },
      ],
      trustAnchorPem: await developmentRootPem(folder.path),
    });
    agent = new Agent({ ca: kms.certificateAuthority });
    store = createServer((request, response) => {
      void request.toArray().then((chunks: Buffer[]) => {
        stored.push({
          target: request.headers['x-amz-target'],
          ...(JSON.parse(Buffer.concat(chunks).toString()) as object),
        });
        if (storeAnswers === 'silence') return;
        const { status, body } = storeAnswers;
        response
          .writeHead(status, { 'content-type': typeof body === 'string' ? 'text/html' : 'application/x-amz-json-1.1' })
          .end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    }).listen(0, '127.0.0.1');
    await once(store, 'listening');
  });
  afterAll(async () => {
    agent.destroy();
    await kms.close();
    store.closeAllConnections();
    store.close();
    await folder.remove();
  });
  beforeEach(() => {
    stored = [];
    regions = [];
    storeAnswers = { status: 200, body: { VersionId: 'v1' } };
    said = { out: '', err: '' };
  });

  const run = (
    args: readonly string[],
    {
      credentials = operator,
      value = `${KEY}\n`,
      environment = { AWS_REGION: 'us-east-1' } as Ports['environment'],
      profile = undefined as string | undefined,
      kmsOrigin = kms.origin,
    } = {},
  ) => {
    const ports: Ports = {
      root: folder.path,
      profileRegion: () => Promise.resolve(profile),
      kms: (region) => {
        regions.push(region);
        const requestHandler = { httpsAgent: agent };
        return new KMSClient({ region: 'us-east-1', endpoint: kmsOrigin, credentials, requestHandler, maxAttempts: 1 });
      },
      secretsManager: (region) =>
        new SecretsManagerClient({
          region,
          endpoint: `http://127.0.0.1:${String((store.address() as AddressInfo).port)}`,
          credentials,
          maxAttempts: 1,
        }),
      input: Readable.from([Buffer.from(value)]),
      out: (text) => void (said.out += text),
      err: (text) => void (said.err += text),
      environment,
    };
    const line = new CommandLine('secrets', '', ports);
    secrets(line.program, line, ports);
    return line.parse(args);
  };
  afterEach(() => {
    expect(said.out + said.err).not.toContain(KEY);
  });

  it('put stores only a ciphertext, which KMS has bound to stack and name', async () => {
    expect(await run(['put', '--stack', 'prod', 'cwc-house'])).toBe(0);
    expect(said.out).toContain('communique-tee/prod/enclave/cwc-house: stored as version v1');
    expect(stored).toEqual([
      {
        target: 'secretsmanager.PutSecretValue',
        SecretId: 'communique-tee/prod/enclave/cwc-house',
        SecretString: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) as string,
        ClientRequestToken: expect.any(String) as string,
      },
    ]);
    expect(JSON.stringify(stored)).not.toContain(KEY);
    expect(kms.requests().at(-1)).toMatchObject({
      action: 'Encrypt',
      decision: 'done',
      encryptionContext: {
        'communique-tee:purpose': 'operator-secret',
        'communique-tee:stack': 'prod',
        'communique-tee:secret': 'cwc-house',
      },
    });
  });

  it('encrypt prints the ciphertext and stores nothing', async () => {
    expect(await run(['encrypt', '--stack', 'prod', 'cwc-house'], { value: KEY })).toBe(0);
    expect(said.out).toMatch(/^[A-Za-z0-9+/]{40,}=*\n$/);
    expect(stored).toEqual([]);
  });

  it.each<[string, readonly string[], { credentials?: typeof operator; value?: string }, RegExp]>([
    [
      'credentials of a role that is no operator',
      ['put', '--stack', 'prod', 'cwc-house'],
      { credentials: somebody },
      /secretOperators of Pulumi.prod.yaml/,
    ],
    [
      'a stack that does not exist',
      ['put', '--stack', 'other', 'cwc-house'],
      {},
      /no alias\/communique-tee-other-operator in us-east-1/,
    ],
    [
      'credentials that AWS does not know',
      ['put', '--stack', 'prod', 'cwc-house'],
      { credentials: { ...operator, accessKeyId: 'AKIANOBODY000000000' } },
      /AWS does not accept these credentials/,
    ],
    ['no value', ['put', '--stack', 'prod', 'cwc-house'], { value: '\n' }, /8 to 200 visible ASCII/],
    ['two lines', ['put', '--stack', 'prod', 'cwc-house'], { value: `${KEY}\n${KEY}\n` }, /on one line/],
    [
      'a value of 5,000 bytes',
      ['put', '--stack', 'prod', 'cwc-house'],
      { value: 'x'.repeat(5000) },
      /longer than 4096 bytes/,
    ],
  ])('put, given %s, says what to do and stores nothing', async (_name, args, options, words) => {
    expect(await run(args, options)).toBe(1);
    expect(said.err).toMatch(words);
    expect(stored).toEqual([]);
  });

  it.each<[string, typeof storeAnswers, RegExp]>([
    [
      'a secret that waits to be deleted',
      {
        status: 400,
        body: {
          __type: 'InvalidRequestException',
          message: "You can't perform this operation on the secret because it was marked for deletion.",
        },
      },
      /waiting to be deleted; nothing was stored\. .*aws secretsmanager restore-secret --region us-east-1 --secret-id communique-tee\/prod\/enclave\/cwc-house$/m,
    ],
    [
      'another refusal',
      { status: 400, body: { __type: 'InvalidRequestException', message: 'x' } },
      /AWS gave an unexpected answer \(InvalidRequestException\); nothing was stored/,
    ],
    [
      'a session that has ended',
      { status: 400, body: { __type: 'ExpiredTokenException', message: 'x' } },
      /the AWS session has expired; nothing was stored\. To do: sign in again: aws sso login/,
    ],
    ['an HTML page of a proxy', { status: 200, body: '<html>Welcome' }, /AWS gave an unexpected answer/],
    [
      'an error of AWS’s own',
      { status: 500, body: { __type: 'InternalServiceError', message: 'x' } },
      /AWS could not answer \(500\); the value may or may not have been stored\. To do: run this again/,
    ],
    [
      'silence',
      'silence',
      /Secrets Manager did not answer within 1 s; the value may or may not have been stored\. Run this again; --timeout <seconds> waits longer/,
    ],
  ])('put says what happened and what to do: %s', async (_name, answers, words) => {
    storeAnswers = answers;
    expect(await run(['put', '--stack', 'prod', '--timeout', '1', 'cwc-house'])).toBe(1);
    expect(said.err).toMatch(words);
  });

  it('fails after its time limit if KMS does not answer, and stores nothing', async () => {
    await using silent = await startSilentPort();
    const kmsOrigin = `http://127.0.0.1:${String(silent.port)}`;
    expect(await run(['put', '--stack', 'prod', '--timeout', '1', 'cwc-house'], { kmsOrigin })).toBe(1);
    expect(said.err).toContain('KMS did not answer within 1 s; nothing was stored');
    expect(stored).toEqual([]);
  });

  it.each<[string, string[], string | undefined, Ports['environment'], string]>([
    ['--region', ['--region', 'eu-west-1'], 'eu-central-1', { AWS_REGION: 'eu-north-1' }, 'eu-west-1'],
    ['the stack’s file', [], 'eu-central-1', { AWS_REGION: 'eu-north-1' }, 'eu-central-1'],
    ['AWS_REGION', [], undefined, { AWS_REGION: 'eu-north-1', AWS_DEFAULT_REGION: 'eu-west-3' }, 'eu-north-1'],
    ['AWS_DEFAULT_REGION', [], undefined, { AWS_DEFAULT_REGION: 'eu-west-3' }, 'eu-west-3'],
    ['the profile', [], undefined, {}, 'eu-south-1'],
  ])('takes the region of KMS from %s', async (_name, args, ofStack, environment, region) => {
    const file = folder.file('Pulumi.prod.yaml');
    if (ofStack === undefined) await rm(file, { force: true });
    else await writeFile(file, `config:\n  aws:region: ${ofStack}\n`);
    await run(['encrypt', '--stack', 'prod', 'cwc-house', ...args], { environment, profile: 'eu-south-1' });
    await rm(file, { force: true });
    expect(regions).toEqual([region]);
  });

  it('put says how to add a secret that the stack does not have', async () => {
    storeAnswers = { status: 400, body: { __type: 'ResourceNotFoundException', message: 'x' } };
    expect(await run(['put', '--stack', 'prod', 'cwc-house'])).toBe(1);
    expect(said.err).toContain('Name it in enclaveSecrets of Pulumi.prod.yaml');
  });

  it.each([
    [['put', 'cwc-house']],
    [['put', '--stack', 'prod']],
    [['put', '--stack', 'prod', 'CWC']],
    [['put', '--stack', 'prod', 'cwc-house', KEY]],
    [['get', '--stack', 'prod', 'x']],
    [['--what']],
    [['put', '--stack', 'prod', `--value=${KEY}`, 'cwc-house']],
  ])('exits with 2 for %j, and prints no value', async (args) => {
    expect(await run(args)).toBe(2);
    expect(said.err).toContain('--help lists what it takes');
    expect(said.err).not.toContain(KEY);
  });

  it('prints help with --help', async () => {
    expect(await run(['--help'])).toBe(0);
    expect(said.out).toContain('standard input');
  });
});

it('put reads the value from a file as well as from a pipe', async () => {
  const folder = await temporaryFolder('secrets-input');
  try {
    await writeFile(folder.file('key.txt'), 'short\n');
    const script = `exec '${process.execPath}' tools/run.mjs tools/ops/main.ts secrets put --stack prod --region us-east-1 cwc-house < '${folder.file('key.txt')}'`;
    const service = await spawnService({
      command: '/bin/sh',
      args: ['-c', script],
      cwd: workspaceRoot(),
      env: { PATH: process.env['PATH'] ?? '' },
    });
    expect(await service.exited).toMatchObject({ code: 1 });
    expect(service.output()).toContain('8 to 200 visible ASCII');
    expect(service.output()).not.toContain('TypeError');
  } finally {
    await folder.remove();
  }
});
