import type * as z from 'zod';
import type { Destination, Egress } from '../egress';
import type { KeyRing } from '../identity/keys/key-ring';
import type { OperatorSecrets } from '../identity/secrets/operator-secrets';
import type { Residence } from '../residence/residence';
import type { Clock } from '../runtime/clock';
import type { Log } from '../runtime/log';

/** What every service may use of the enclave. */
export interface ServiceCore {
  readonly ring: KeyRing;
  readonly secrets: OperatorSecrets;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly log: Log;
  readonly residence: Residence;
  /** Whether the sealing suite of the web client (legacy) is open. */
  readonly legacySuite: boolean;
}

/** What a service's configuration needs from the rest of the file. */
export interface ServiceNeeds {
  /** Everything that egress must let through for it. */
  readonly destinations: readonly Destination[];
  /** Names of the operator's secrets without which it cannot work. */
  readonly secrets: readonly string[];
  /** What is wrong although each field is well formed, as `<path within the service>: <rule>`. */
  readonly problems: readonly string[];
}

/** A request header by its lower-case name. */
export type ReadHeader = (name: string) => string | undefined;

export interface ServiceDefinition<Configuration, Request, Answer> {
  /** The gateway calls `POST /<path>` with a CBOR body. */
  readonly path: string;
  /** The measured configuration under `services.<kind>`. */
  readonly configuration: z.ZodType<Configuration>;
  readonly needs: (configuration: Configuration) => ServiceNeeds;
  /** The public part of its configuration (libs/protocol enclave/public-configuration.ts): no secrets. */
  readonly published: (configuration: Configuration) => object;
  readonly limits: { readonly maxRequestBytes: number };
  /** Checks the request's form. @throws ProtocolError or ProblemError */
  readonly readRequest: (body: Uint8Array, header: ReadHeader) => Request;
  /** Called once, at start. The handler's signal aborts when the gateway's connection closes before it has its answer. The handler may throw ProtocolError or ProblemError; the client gets the problem document. */
  readonly open: (
    configuration: Configuration,
    core: ServiceCore,
  ) => (request: Request, left: AbortSignal) => Promise<Answer>;
  /** The answer's CBOR form. */
  readonly encodeAnswer: (answer: Answer) => Uint8Array;
}

/** A service that runs: bytes in, bytes out. `left` aborts when the gateway's connection closes before it has its answer. */
export type OpenService = (body: Uint8Array, header: ReadHeader, left: AbortSignal) => Promise<Uint8Array>;

/** A service as the core sees it: the core does not know the types of its requests and answers. */
export interface Service<Configuration> {
  readonly path: string;
  readonly configuration: z.ZodType<Configuration>;
  readonly needs: ServiceDefinition<Configuration, unknown, unknown>['needs'];
  readonly published: (configuration: Configuration) => object;
  readonly limits: { readonly maxRequestBytes: number };
  open(configuration: Configuration, core: ServiceCore): OpenService;
}

export function defineService<Configuration, Request, Answer>(
  definition: ServiceDefinition<Configuration, Request, Answer>,
): Service<Configuration> {
  const { path, configuration, needs, published, limits, readRequest, open, encodeAnswer } = definition;
  return {
    path,
    configuration,
    needs,
    published,
    limits,
    open(config, core) {
      const handle = open(config, core);
      return async (body, header, left) => encodeAnswer(await handle(readRequest(body, header), left));
    },
  };
}
