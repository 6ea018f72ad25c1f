import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import * as engineGrpc from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import * as enginePb from '@pulumi/pulumi/proto/engine_pb.js';
import * as resourceGrpc from '@pulumi/pulumi/proto/resource_grpc_pb.js';
import * as resourcePb from '@pulumi/pulumi/proto/resource_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import { load } from 'js-yaml';
import * as z from 'zod';
import { MockAws } from '../../mock-aws';
import { fromStruct, opened, toStruct } from '../aws/wire';

const projectSchema = z.object({
  name: z.string(),
  main: z.string(),
  runtime: z.object({ name: z.literal('nodejs'), options: z.object({ typescript: z.boolean() }) }),
});

export interface Creation {
  /** By URN, in the order in which the program declared them. */
  readonly resources: ReadonlyMap<string, { readonly type: string; readonly dependencies: readonly string[] }>;
  readonly outputs: Record<string, unknown>;
  readonly exitCode: number | null;
  /** The program's standard output and error, and the warnings and errors that it sent to the engine. */
  readonly said: string;
}

/**
 * Runs our Pulumi program as the first `pulumi up` of a stack does: in a separate process, over gRPC. `mock-aws.ts` makes the ids. Later
 * updates are tested under Pulumi's own engine (../README.md), which takes longer and needs Go.
 */
export async function createWithSmallEngine(
  root: string,
  stack: string,
  config: Readonly<Record<string, string>>,
  secretKeys: readonly string[],
): Promise<Creation> {
  const project = projectSchema.parse(load(readFileSync(join(root, 'Pulumi.yaml'), 'utf8')));
  const engine = new SmallEngine(project.name, stack, new MockAws(config['aws:region'] ?? 'us-east-1'));
  const { address, stop } = await engine.listen();
  const main = join(root, project.main);
  try {
    const child = spawn(
      process.execPath,
      [
        join(root, 'node_modules/@pulumi/pulumi/cmd/run/index.js'),
        ...['--monitor', address, '--engine', address, '--project', project.name, '--stack', stack],
        ...['--root-directory', root, '--pwd', dirname(main), '--parallel', '16', basename(main)],
      ],
      {
        cwd: dirname(main),
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env.PATH ?? '',
          HOME: process.env.HOME ?? '',
          PULUMI_CONFIG: JSON.stringify(config),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys),
          PULUMI_NODEJS_TYPESCRIPT: String(project.runtime.options.typescript),
        },
      },
    );
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => engine.said.push(text));
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { resources: engine.resources, outputs: engine.outputs, exitCode, said: engine.said.join('') };
  } finally {
    stop();
  }
}

class SmallEngine {
  readonly resources = new Map<string, { type: string; dependencies: string[] }>();
  readonly said: string[] = [];
  outputs: Record<string, unknown> = {};
  #rootUrn = '';

  constructor(
    private readonly project: string,
    private readonly stack: string,
    private readonly aws: MockAws,
  ) {}

  async listen(): Promise<{ address: string; stop: () => void }> {
    const server = new grpc.Server();
    server.addService(engineGrpc.EngineService, this.#engineService() as unknown as grpc.UntypedServiceImplementation);
    server.addService(
      resourceGrpc.ResourceMonitorService,
      this.#monitorService() as unknown as grpc.UntypedServiceImplementation,
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    return {
      address: `127.0.0.1:${String(port)}`,
      stop: () => {
        server.forceShutdown();
      },
    };
  }

  #engineService() {
    return {
      log: unary<enginePb.LogRequest, emptyPb.Empty>((request) => {
        if (request.getSeverity() >= enginePb.LogSeverity.WARNING) this.said.push(`${request.getMessage()}\n`);
        return new emptyPb.Empty();
      }),
      getRootResource: unary<enginePb.GetRootResourceRequest, enginePb.GetRootResourceResponse>(() => {
        const response = new enginePb.GetRootResourceResponse();
        response.setUrn(this.#rootUrn);
        return response;
      }),
      setRootResource: unary<enginePb.SetRootResourceRequest, enginePb.SetRootResourceResponse>((request) => {
        this.#rootUrn = request.getUrn();
        return new enginePb.SetRootResourceResponse();
      }),
      startDebugging: unary(() => new emptyPb.Empty()),
      requirePulumiVersion: unary(() => new enginePb.RequirePulumiVersionResponse()),
    };
  }

  #monitorService() {
    return {
      // Answer as older engines do, one feature at a time.
      supportsFeature: unary<resourcePb.SupportsFeatureRequest, resourcePb.SupportsFeatureResponse>((request) => {
        const response = new resourcePb.SupportsFeatureResponse();
        response.setHassupport(request.getId() === 'secrets');
        return response;
      }),
      invoke: unary<resourcePb.ResourceInvokeRequest, resourcePb.ResourceInvokeResponse>((request) => {
        const response = new resourcePb.ResourceInvokeResponse();
        const inputs = opened(fromStruct(request.getArgs()));
        response.setReturn(toStruct(this.aws.call({ token: request.getTok(), inputs })));
        return response;
      }),
      registerResource: unary<resourcePb.RegisterResourceRequest, resourcePb.RegisterResourceResponse>((request) =>
        this.#register(request),
      ),
      registerResourceOutputs: unary<resourcePb.RegisterResourceOutputsRequest, emptyPb.Empty>((request) => {
        if (request.getUrn().includes('pulumi:pulumi:Stack')) this.outputs = fromStruct(request.getOutputs());
        return new emptyPb.Empty();
      }),
      signalAndWaitForShutdown: unary(() => new emptyPb.Empty()),
    };
  }

  #register(request: resourcePb.RegisterResourceRequest): resourcePb.RegisterResourceResponse {
    const [type, name, parent, custom] = [
      request.getType(),
      request.getName(),
      request.getParent(),
      request.getCustom(),
    ];
    const isTop = parent === '' || parent === this.#rootUrn;
    const urn = `urn:pulumi:${this.stack}::${this.project}::${isTop ? '' : `${String(parent.split('::')[2])}$`}${type}::${name}`;
    if (this.resources.has(urn)) throw new Error(`${urn} is registered twice`);
    this.resources.set(urn, { type, dependencies: request.getDependenciesList() });
    const given = fromStruct(request.getObject());
    const made = this.aws.newResource({
      type,
      name,
      inputs: opened(given),
      provider: request.getProvider(),
      custom,
      id: '',
    });
    const response = new resourcePb.RegisterResourceResponse();
    response.setUrn(urn);
    response.setId(custom ? made.id : '');
    // Inputs that were secret stay secret in the answer.
    response.setObject(toStruct({ ...(made.state as Record<string, unknown>), ...given }));
    return response;
  }
}

function unary<Request, Response>(answer: (request: Request) => Response) {
  return (call: { request: Request }, callback: (error: Error | null, response?: Response) => void): void => {
    try {
      callback(null, answer(call.request));
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)));
    }
  };
}
