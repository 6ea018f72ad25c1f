import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import * as engineGrpc from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import * as enginePb from '@pulumi/pulumi/proto/engine_pb.js';
import * as resourceGrpc from '@pulumi/pulumi/proto/resource_grpc_pb.js';
import * as resourcePb from '@pulumi/pulumi/proto/resource_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import structPb from 'google-protobuf/google/protobuf/struct_pb.js';
import { load } from 'js-yaml';
import * as z from 'zod';
import { MockAws } from '../mock-aws';
import { opened } from './property-values';
import { StackState, type Goal, type Operation } from './stack-state';

const projectSchema = z.object({
  name: z.string(),
  main: z.string(),
  runtime: z.object({ name: z.literal('nodejs'), options: z.object({ typescript: z.boolean() }) }),
});

export interface UpdateOptions {
  config: Readonly<Record<string, string>>;
  secretKeys?: readonly string[];
  /** As `pulumi preview`: ids and whatever AWS would make up are unknown, and nothing is kept. */
  dryRun?: boolean;
}

export interface Update {
  operations: Operation[];
  /** Of the stack; empty in a dry run where they are unknown. */
  outputs: Record<string, unknown>;
  exitCode: number | null;
  /** What the program said through the engine, and on its own output. */
  said: string;
}

/**
 * As much of Pulumi's engine as it takes to run a program by Pulumi's own Node language host, as `pulumi up` does: through Pulumi.yaml's
 * `main`, over gRPC, in a process of its own. AWS is the stand-in of preview. No plugins, no policies, no parallel steps.
 */
export class SmallEngine {
  readonly state: StackState;
  readonly #aws: MockAws;

  /** Letters of the region's zones, in the order in which AWS names them from now on. */
  set zones(letters: string[]) {
    this.#aws.zones = letters;
  }

  /** The instance that holds the registered address, look by look from now on. */
  set addressAt(instances: readonly string[]) {
    this.#aws.addressAt = instances;
    this.#aws.addressLooks = 0;
  }

  get addressLooks(): number {
    return this.#aws.addressLooks;
  }

  constructor(
    private readonly root: string,
    private readonly stack: string,
    region: string,
  ) {
    this.#aws = new MockAws(region);
    this.state = new StackState(this.#aws);
  }

  /** `pulumi up`, or `pulumi preview`. What the program no longer asks for is ended, where the program came to its end. */
  async update({ config, secretKeys = [], dryRun = false }: UpdateOptions): Promise<Update> {
    const project = projectSchema.parse(load(readFileSync(join(this.root, 'Pulumi.yaml'), 'utf8')));
    const registered = new Set<string>();
    const operations: Operation[] = [];
    const said: string[] = [];
    const result: { rootUrn: string; outputs: Record<string, unknown> } = { rootUrn: '', outputs: {} };
    const server = new grpc.Server();
    server.addService(
      engineGrpc.EngineService,
      this.#engineService(said, result) as unknown as grpc.UntypedServiceImplementation,
    );
    server.addService(
      resourceGrpc.ResourceMonitorService,
      this.#monitorService(
        project.name,
        dryRun,
        registered,
        operations,
        result,
      ) as unknown as grpc.UntypedServiceImplementation,
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
    try {
      const exitCode = await this.#host(`127.0.0.1:${port}`, project, { config, secretKeys, dryRun }, said);
      if (exitCode === 0 && !dryRun) operations.push(...this.state.removeAllBut(registered));
      return { operations, outputs: result.outputs, exitCode, said: said.join('') };
    } finally {
      server.forceShutdown();
    }
  }

  /** `pulumi destroy`. @throws Error where anything is protected: then nothing is ended */
  destroy(): Operation[] {
    return this.state.removeAllBut(new Set());
  }

  /** As Pulumi works out directory and program from `main` (a file: its folder, and its name). */
  #host(
    address: string,
    project: z.output<typeof projectSchema>,
    { config, secretKeys, dryRun }: Required<UpdateOptions>,
    said: string[],
  ): Promise<number | null> {
    const main = join(this.root, project.main);
    const host = join(this.root, 'node_modules', '@pulumi', 'pulumi', 'cmd', 'run', 'index.js');
    const args = [
      '--monitor',
      address,
      '--engine',
      address,
      '--project',
      project.name,
      '--stack',
      this.stack,
      '--root-directory',
      this.root,
      '--pwd',
      dirname(main),
      '--parallel',
      '16',
      ...(dryRun ? ['--dry-run', 'true'] : []),
      basename(main),
    ];
    const child = spawn(process.execPath, [host, ...args], {
      cwd: dirname(main),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH ?? '',
        HOME: process.env.HOME ?? '',
        PULUMI_CONFIG: JSON.stringify(config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys),
        PULUMI_NODEJS_TYPESCRIPT: String(project.runtime.options.typescript),
      },
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => said.push(chunk.toString('utf8')));
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
  }

  #engineService(said: string[], result: { rootUrn: string }) {
    return {
      log: unary<enginePb.LogRequest, emptyPb.Empty>((request) => {
        if (request.getSeverity() >= enginePb.LogSeverity.WARNING) said.push(`${request.getMessage()}\n`);
        return new emptyPb.Empty();
      }),
      getRootResource: unary<enginePb.GetRootResourceRequest, enginePb.GetRootResourceResponse>(() => {
        const response = new enginePb.GetRootResourceResponse();
        response.setUrn(result.rootUrn);
        return response;
      }),
      setRootResource: unary<enginePb.SetRootResourceRequest, enginePb.SetRootResourceResponse>((request) => {
        result.rootUrn = request.getUrn();
        return new enginePb.SetRootResourceResponse();
      }),
      startDebugging: unary(() => new emptyPb.Empty()),
      requirePulumiVersion: unary(() => new enginePb.RequirePulumiVersionResponse()),
    };
  }

  #monitorService(
    project: string,
    dryRun: boolean,
    registered: Set<string>,
    operations: Operation[],
    result: { rootUrn: string; outputs: Record<string, unknown> },
  ) {
    return {
      // Older engines answer this feature by feature; secrets are what the tests look at.
      supportsFeature: unary<resourcePb.SupportsFeatureRequest, resourcePb.SupportsFeatureResponse>((request) => {
        const response = new resourcePb.SupportsFeatureResponse();
        response.setHassupport(request.getId() === 'secrets');
        return response;
      }),
      invoke: unary<resourcePb.ResourceInvokeRequest, resourcePb.ResourceInvokeResponse>((request) => {
        const response = new resourcePb.ResourceInvokeResponse();
        response.setReturn(
          structPb.Struct.fromJavaScript(
            this.#aws.call({ token: request.getTok(), inputs: opened(asRecord(request.getArgs())) }) as never,
          ),
        );
        return response;
      }),
      registerResource: unary<resourcePb.RegisterResourceRequest, resourcePb.RegisterResourceResponse>((request) => {
        const type = request.getType();
        const parentTypes =
          request.getParent() === '' || request.getParent() === result.rootUrn
            ? ''
            : `${String(request.getParent().split('::')[2])}$`;
        const urn = `urn:pulumi:${this.stack}::${project}::${parentTypes}${type}::${request.getName()}`;
        if (registered.has(urn)) throw new Error(`${urn} is registered twice`);
        registered.add(urn);
        const goal: Goal = {
          urn,
          type,
          name: request.getName(),
          custom: request.getCustom(),
          parent: request.getParent(),
          provider: request.getProvider(),
          inputs: asRecord(request.getObject()),
          dependencies: request.getDependenciesList(),
          protect: request.getProtect() ?? false,
          retainOnDelete: request.getRetainondelete() ?? false,
          ignoreChanges: request.getIgnorechangesList(),
        };
        const response = new resourcePb.RegisterResourceResponse();
        response.setUrn(urn);
        if (dryRun) {
          operations.push({ op: 'create', urn, type, name: goal.name, changed: [] });
          response.setObject(request.getObject());
          return response;
        }
        const { operation, id, outputs } = this.state.register(goal);
        operations.push(operation);
        response.setId(goal.custom ? id : '');
        response.setObject(structPb.Struct.fromJavaScript(outputs as never));
        return response;
      }),
      registerResourceOutputs: unary<resourcePb.RegisterResourceOutputsRequest, emptyPb.Empty>((request) => {
        if (request.getUrn().includes('pulumi:pulumi:Stack')) result.outputs = asRecord(request.getOutputs());
        return new emptyPb.Empty();
      }),
      signalAndWaitForShutdown: unary(() => new emptyPb.Empty()),
    };
  }
}

const asRecord = (struct: structPb.Struct | undefined): Record<string, unknown> =>
  struct ? struct.toJavaScript() : {};

function unary<Request, Response>(answer: (request: Request) => Response) {
  return (call: { request: Request }, callback: (error: Error | null, response?: Response) => void): void => {
    try {
      callback(null, answer(call.request));
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)));
    }
  };
}
