import * as grpc from '@grpc/grpc-js';
import * as pluginPb from '@pulumi/pulumi/proto/plugin_pb.js';
import * as providerGrpc from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import * as pb from '@pulumi/pulumi/proto/provider_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import { MAPPINGS } from '../../aws-api/mappings';
import { MockAws } from '../../mock-aws';
import { Account } from './account';
import { REPLACING } from './replacing';
import { asSecret, fromStruct, isKnown, isRecord, isSame, opened, toStruct, UNKNOWN, type Properties } from './wire';
import type { World } from './world';

/** The version of @pulumi/aws whose provider is simulated. */
const VERSION = '7.48.0';
const MESSAGE_BYTES = 400 << 20;
/** Inputs that the provider never returns. In Pulumi's state they are only among the inputs. */
const WRITE_ONLY = /Wo$/;
/** In this member, the bridge (pulumi-terraform-bridge) lists the inputs whose values it chose. */
const DEFAULTS = '__defaults';
/** Types for which the bridge makes up a name if the program gives none. */
const AUTONAMED: Readonly<Record<string, string>> = { 'aws:iam/rolePolicy:RolePolicy': 'name' };
const NAMES = ['bucket', 'identifier', 'name', 'replicationGroupId'] as const;
/** Results of look-ups that the provider's schema marks as sensitive (aws/ssm/getParameter.d.ts). */
const SECRET_RESULTS: Readonly<Record<string, readonly string[]>> = { 'aws:ssm/getParameter:getParameter': ['value'] };

export interface ProviderCall {
  readonly op: 'check' | 'diff' | 'create' | 'update' | 'read' | 'delete' | 'invoke';
  /** The type of the resource, or the token of the function. */
  readonly type: string;
  /** The name of the resource in the program. */
  readonly name: string;
  readonly preview: boolean;
}

/**
 * Stands in for the AWS provider: answers Pulumi's engine as the bridge of @pulumi/aws does, and keeps AWS's resources in a `World`. It
 * accepts nearly every input; its knowledge of AWS is in `account.ts`, `clashes.ts` and `replacing.ts`.
 */
export class AwsProvider {
  readonly #server = new grpc.Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES,
    'grpc.max_send_message_length': MESSAGE_BYTES,
  });
  readonly account: Account;
  /** Letters of the region's zones. Tests change their order, because AWS promises none. */
  zones = ['a', 'b', 'c', 'd', 'e', 'f'];
  /** The instance with the registered address at each look-up; the last entry also answers all later ones. Empty text: no instance. */
  addressAt: readonly string[] = [''];
  addressLooks = 0;
  /** Called before a call is answered. It can wait to delay the call, or throw to refuse the call. */
  onCall: (call: ProviderCall) => void | Promise<void> = () => undefined;
  #region = 'us-east-1';
  #defaultTags: Properties = {};

  constructor(world: World) {
    this.account = new Account(world);
  }

  /** @returns the port, for PULUMI_DEBUG_PROVIDERS */
  listen(): Promise<number> {
    this.#server.addService(
      providerGrpc.ResourceProviderService,
      this.#service() as unknown as grpc.UntypedServiceImplementation,
    );
    return new Promise((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(error);
        else resolve(port);
      });
    });
  }

  get region(): string {
    return this.#region;
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #service() {
    return {
      handshake: unary<pb.ProviderHandshakeRequest, pb.ProviderHandshakeResponse>(() => {
        const response = new pb.ProviderHandshakeResponse();
        response.setAcceptSecrets(true);
        response.setSupportsAutonamingConfiguration(true);
        return response;
      }),
      attach: unary(() => new emptyPb.Empty()),
      // Let running calls finish, because AWS would not stop either.
      cancel: unary(() => new emptyPb.Empty()),
      getPluginInfo: unary(() => {
        const info = new pluginPb.PluginInfo();
        info.setVersion(VERSION);
        return info;
      }),
      getSchema: unary(() => {
        const response = new pb.GetSchemaResponse();
        response.setSchema(JSON.stringify({ name: 'aws', version: VERSION, resources: {}, functions: {}, types: {} }));
        return response;
      }),
      checkConfig: unary<pb.CheckRequest, pb.CheckResponse>((request) => {
        const response = new pb.CheckResponse();
        response.setInputs(request.getNews());
        return response;
      }),
      diffConfig: unary<pb.DiffRequest, pb.DiffResponse>((request) => {
        const changed = differing(
          fromStruct(request.getOldInputs() ?? request.getOlds()),
          fromStruct(request.getNews()),
        );
        return difference(
          changed,
          changed.filter((key) => key === 'region'),
        );
      }),
      configure: unary<pb.ConfigureRequest, pb.ConfigureResponse>((request) => {
        this.#configure(opened(fromStruct(request.getArgs())));
        const response = new pb.ConfigureResponse();
        response.setAcceptsecrets(true);
        response.setSupportspreview(true);
        response.setSupportsAutonamingConfiguration(true);
        return response;
      }),
      invoke: unary<pb.InvokeRequest, pb.InvokeResponse>(async (request) => {
        const token = request.getTok();
        await this.onCall({ op: 'invoke', type: token, name: '', preview: request.getPreview() });
        const aws = new MockAws(this.#region);
        Object.assign(aws, { zones: this.zones, addressAt: this.addressAt, addressLooks: this.addressLooks });
        const result = { ...aws.call({ token, inputs: opened(fromStruct(request.getArgs())) }) };
        this.addressLooks = aws.addressLooks;
        for (const key of SECRET_RESULTS[token] ?? []) result[key] = asSecret(result[key]);
        const response = new pb.InvokeResponse();
        response.setReturn(toStruct(result));
        return response;
      }),
      check: unary<pb.CheckRequest, pb.CheckResponse>(async (request) => {
        await this.onCall({ op: 'check', ...named(request), preview: false });
        const response = new pb.CheckResponse();
        response.setInputs(toStruct(this.#checked(request)));
        return response;
      }),
      diff: unary<pb.DiffRequest, pb.DiffResponse>(async (request) => {
        await this.onCall({ op: 'diff', ...named(request), preview: false });
        return diff(request);
      }),
      create: unary<pb.CreateRequest, pb.CreateResponse>(async (request) => {
        const { type, name } = named(request);
        await this.onCall({ op: 'create', type, name, preview: request.getPreview() });
        const { [DEFAULTS]: _defaults, ...inputs } = fromStruct(request.getProperties());
        const response = new pb.CreateResponse();
        if (request.getPreview()) {
          const unknown = this.account.outputKeys(this.#region, type, opened(inputs)).map((key) => [key, UNKNOWN]);
          response.setProperties(toStruct({ ...Object.fromEntries(unknown), ...readable(inputs) }));
          return response;
        }
        if (!isKnown(inputs)) throw new Error(`${type} ${name}: created with values that are unknown`);
        const { id, outputs } = this.account.create(this.#region, type, name, opened(inputs));
        await this.account.settled(type);
        response.setId(id);
        response.setProperties(toStruct({ ...outputs, ...readable(inputs), id }));
        return response;
      }),
      update: unary<pb.UpdateRequest, pb.UpdateResponse>(async (request) => {
        const { type, name } = named(request);
        await this.onCall({ op: 'update', type, name, preview: request.getPreview() });
        const { [DEFAULTS]: _defaults, ...inputs } = fromStruct(request.getNews());
        const olds = fromStruct(request.getOlds());
        const id = request.getId();
        const known = this.account.outputKeys(this.#region, type, opened(inputs)).map((key) => [key, olds[key]]);
        const outputs = Object.fromEntries(known) as Properties;
        if (request.getPreview()) for (const key of this.account.changingKeys(type)) outputs[key] = UNKNOWN;
        else Object.assign(outputs, this.account.update(type, id, opened(inputs)));
        if (!request.getPreview()) await this.account.settled(type);
        const response = new pb.UpdateResponse();
        response.setProperties(toStruct({ ...outputs, ...readable(inputs), id }));
        return response;
      }),
      read: unary<pb.ReadRequest, pb.ReadResponse>(async (request) => {
        await this.onCall({ op: 'read', ...named(request), preview: false });
        return this.#read(request);
      }),
      delete: unary<pb.DeleteRequest, emptyPb.Empty>(async (request) => {
        const { type, name } = named(request);
        await this.onCall({ op: 'delete', type, name, preview: false });
        this.account.delete(type, request.getId());
        await this.account.settled(type);
        return new emptyPb.Empty();
      }),
    };
  }

  #configure({ region, defaultTags }: Properties): void {
    if (typeof region === 'string') this.#region = region;
    const given: unknown = typeof defaultTags === 'string' ? JSON.parse(defaultTags) : defaultTags;
    if (isRecord(given) && isRecord(given['tags'])) this.#defaultTags = given['tags'];
  }

  /** Completes inputs as the bridge does: with a name, and with the provider's tags if the type has tags. */
  #checked(request: pb.CheckRequest): Properties {
    const { type, name } = named(request);
    const inputs = fromStruct(request.getNews());
    const olds = fromStruct(request.getOlds());
    const defaults: string[] = [];
    const key = AUTONAMED[type];
    if (key !== undefined && inputs[key] === undefined) {
      const kept = Array.isArray(olds[DEFAULTS]) && olds[DEFAULTS].includes(key) ? olds[key] : undefined;
      const proposed = request.getAutonaming()?.getProposedName() ?? '';
      inputs[key] =
        kept ?? (proposed || `${name}-${Buffer.from(request.getRandomseed_asU8()).toString('hex').slice(0, 7)}`);
      defaults.push(key);
    }
    const { tags } = inputs;
    if (MAPPINGS[type]?.tags !== undefined && (tags === undefined || isRecord(tags)))
      inputs['tags'] = { ...this.#defaultTags, ...tags };
    return { ...inputs, [DEFAULTS]: defaults };
  }

  /** Answers with AWS's current values: for an import, of all inputs; for `refresh`, of the inputs in the state. */
  #read(request: pb.ReadRequest): pb.ReadResponse {
    const { type } = named(request);
    const response = new pb.ReadResponse();
    const inputs = fromStruct(request.getInputs());
    const thing = this.account.find(type, request.getId());
    if (thing === undefined) return response;
    const importing = Object.keys(inputs).length === 0;
    const seen = importing ? this.account.seenByImport(thing) : thing.inputs;
    const isKept = (key: string, value: unknown): boolean =>
      key === DEFAULTS ||
      WRITE_ONLY.test(key) ||
      !this.account.isReported(type, key) ||
      isSame(value, thing.inputs[key]);
    const entries = Object.entries(inputs).map(([key, value]) => [key, isKept(key, value) ? value : thing.inputs[key]]);
    response.setId(thing.id);
    response.setProperties(toStruct({ ...thing.outputs, ...seen, id: thing.id }));
    response.setInputs(toStruct(importing ? { ...seen, [DEFAULTS]: [] } : Object.fromEntries(entries)));
    return response;
  }
}

function diff(request: pb.DiffRequest): pb.DiffResponse {
  const { type, name } = named(request);
  const rules = REPLACING[type];
  if (rules === undefined) throw new Error(`${name}: replacing.ts does not say what replaces ${type}`);
  const [olds, news] = [fromStruct(request.getOldInputs()), fromStruct(request.getNews())];
  const ignored = request.getIgnorechangesList();
  const changed = differing(olds, news).filter((key) => !WRITE_ONLY.test(key) && !ignored.includes(key));
  const replaces = changed.filter((key) => rules.inputs.includes(key));
  const response = difference(changed, replaces);
  // The bridge also deletes first if the program gave a name that stays the same (nameRequiresDeleteBeforeReplace).
  const isGiven = (key: string): boolean =>
    news[key] !== undefined && !(news[DEFAULTS] as string[] | undefined)?.includes(key);
  if (replaces.length > 0 && NAMES.some((key) => isGiven(key) && isSame(olds[key], news[key])))
    response.setDeletebeforereplace(true);
  return response;
}

function difference(changed: string[], replaces: string[]): pb.DiffResponse {
  const response = new pb.DiffResponse();
  const { DIFF_SOME, DIFF_NONE } = pb.DiffResponse.DiffChanges;
  response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList(changed);
  response.setReplacesList(replaces);
  return response;
}

const differing = (olds: Properties, news: Properties): string[] =>
  [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => key !== DEFAULTS && !isSame(olds[key], news[key]),
  );

const readable = (inputs: Properties): Properties =>
  Object.fromEntries(Object.entries(inputs).filter(([key]) => !WRITE_ONLY.test(key)));

/** Type and name in a URN, `urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>`. */
function named(request: { getUrn(): string }): { type: string; name: string } {
  const [, , types = '', ...name] = request.getUrn().split('::');
  return { type: types.split('$').at(-1) ?? '', name: name.join('::') };
}

function unary<Request, Response>(answer: (request: Request) => Response | Promise<Response>) {
  return (call: { request: Request }, callback: (error: object | null, response?: Response) => void): void => {
    void (async () => answer(call.request))().then(
      (response) => {
        callback(null, response);
      },
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        callback({ code: grpc.status.UNKNOWN, message });
      },
    );
  };
}
