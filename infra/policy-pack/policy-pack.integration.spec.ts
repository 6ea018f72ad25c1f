import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { credentials } from '@grpc/grpc-js';
import { AnalyzerClient } from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import analyzerPb from '@pulumi/pulumi/proto/analyzer_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import structPb from 'google-protobuf/google/protobuf/struct_pb.js';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { notBuilt } from '../src/config/stand-ins';
import { runProgram } from '../src/preview/run-program';
import { stackConfig } from '../src/preview/stack-config';
import { RESOURCE_RULES, STACK_RULES } from '../src/rules';

const root = workspaceRoot();
const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9'; // Pulumi's own sentinel for a text that a preview does not know
const TAGS = {
  tags: { 'communique-tee:stack': 'prod', Project: 'communique-tee', Environment: 'production', ManagedBy: 'pulumi' },
};

interface Asked {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
}

/** The pack in the process that Pulumi's CLI starts, with the requests that Pulumi's engine sends. */
describe('the policy pack, in Pulumi’s own host for packs', () => {
  let host: ChildProcess;
  let client: AnalyzerClient | undefined;

  beforeAll(async () => {
    host = spawn(
      process.execPath,
      [
        join(root, 'node_modules/@pulumi/pulumi/cmd/run-policy-pack/index.js'),
        '127.0.0.1:1',
        join(root, 'infra/policy-pack'),
      ],
      {
        cwd: join(root, 'infra/policy-pack'),
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' },
      },
    );
    if (!host.stdout) throw new Error('the pack has no standard output');
    const ended = once(host, 'exit').then(([code]) => {
      throw new Error(`the pack ended with ${String(code)}`);
    });
    const [port] = (await Promise.race([once(createInterface(host.stdout), 'line'), ended])) as [string];
    ended.catch(() => undefined);
    client = new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
  });
  afterAll(async () => {
    client?.close();
    if (host.exitCode !== null) return;
    const ended = once(host, 'exit');
    host.kill();
    await ended;
  });

  const analyzer = (): AnalyzerClient => {
    if (client === undefined) throw new Error('the pack did not start');
    return client;
  };
  const provider = (environment = 'production'): analyzerPb.AnalyzerProviderResource => {
    const made = new analyzerPb.AnalyzerProviderResource();
    made.setType('pulumi:providers:aws');
    made.setName('communique-tee-prod');
    made.setProperties(
      structPb.Struct.fromJavaScript({
        defaultTags: JSON.stringify({ tags: { ...TAGS.tags, Environment: environment } }),
      }),
    );
    return made;
  };
  const options = (): analyzerPb.AnalyzerResourceOptions => {
    const made = new analyzerPb.AnalyzerResourceOptions();
    made.setCustomtimeouts(new analyzerPb.AnalyzerResourceOptions.CustomTimeouts());
    return made;
  };
  const struct = (inputs: Record<string, unknown>): structPb.Struct =>
    structPb.Struct.fromJavaScript(JSON.parse(JSON.stringify(inputs)) as Record<string, never>);

  const analyze = ({ type, name, inputs }: Asked, environment?: string): Promise<string[]> => {
    const request = new analyzerPb.AnalyzeRequest();
    request.setType(type);
    request.setName(name);
    request.setUrn(`urn:pulumi:prod::communique-tee::${type}::${name}`);
    request.setProperties(struct(inputs));
    request.setProvider(provider(environment));
    request.setOptions(options());
    return new Promise((resolve, reject) =>
      analyzer().analyze(request, (error, response) => {
        if (error) reject(error);
        else resolve(said(response));
      }),
    );
  };
  const analyzeStack = (resources: readonly Asked[]): Promise<string[]> => {
    const request = new analyzerPb.AnalyzeStackRequest();
    request.setResourcesList(
      resources.map(({ type, name, inputs }) => {
        const each = new analyzerPb.AnalyzerResource();
        each.setType(type);
        each.setName(name);
        each.setUrn(`urn:pulumi:prod::communique-tee::${type}::${name}`);
        each.setProperties(struct(inputs));
        each.setOptions(options());
        return each;
      }),
    );
    return new Promise((resolve, reject) =>
      analyzer().analyzeStack(request, (error, response) => {
        if (error) reject(error);
        else resolve(said(response));
      }),
    );
  };
  const said = (response: analyzerPb.AnalyzeResponse): string[] =>
    response
      .getDiagnosticsList()
      .map(
        (each) =>
          `${each.getEnforcementlevel() === analyzerPb.EnforcementLevel.MANDATORY ? 'mandatory' : 'advisory'} ${each.getPolicyname()} ${each.getMessage()}`,
      );

  it('names every rule', async () => {
    const info = await new Promise<analyzerPb.AnalyzerInfo>((resolve, reject) =>
      analyzer().getAnalyzerInfo(new emptyPb.Empty(), (error, response) => {
        if (error) reject(error);
        else resolve(response);
      }),
    );
    expect([info.getName(), info.getPoliciesList().map((policy) => policy.getName())]).toEqual([
      'communique-tee',
      [...RESOURCE_RULES, ...STACK_RULES].map(({ name }) => name),
    ]);
  });

  it('reports nothing about the program’s resources', async () => {
    const { resources } = await runProgram('prod', stackConfig(root, 'prod', []).values, { root, standIn: notBuilt });
    const ours = resources.filter(({ type }) => type.startsWith('aws:'));
    for (const resource of ours) expect([resource.name, await analyze(resource)]).toEqual([resource.name, []]);
    expect(await analyzeStack(ours)).toEqual([]);
  });

  const bare: Asked = {
    type: 'aws:rds/instance:Instance',
    name: 'db',
    inputs: { storageEncrypted: true, publiclyAccessible: false, skipFinalSnapshot: true },
  };

  it('reports a resource that breaks a rule as mandatory', async () => {
    expect(
      await analyze({ type: 'aws:ebs/volume:Volume', name: 'disk', inputs: { encrypted: false, finalSnapshot: true } }),
    ).toEqual([expect.stringMatching(/^mandatory encrypted-everywhere .*disk: is not encrypted/s)]);
    expect(
      await analyzeStack([{ type: 'aws:s3/bucket:Bucket', name: 'open', inputs: { bucket: 'open' } }]),
    ).toContainEqual(expect.stringMatching(/^mandatory buckets-closed .*open has no public access block/s));
  });

  it('applies production’s rules only to production', async () => {
    expect((await analyze(bare)).filter((line) => line.includes('deletion-protection')).length).toBeGreaterThan(0);
    expect(await analyze(bare, 'development')).toEqual([]);
  });

  it('reports a value that is not known yet only as advice', async () => {
    const found = await analyze({
      type: 'aws:s3/bucketPolicy:BucketPolicy',
      name: 'policy',
      inputs: { bucket: 'b', policy: UNKNOWN },
    });
    expect(found.length).toBeGreaterThan(0);
    for (const line of found) expect(line).toMatch(/^advisory .*during preview/s);
  });
});
