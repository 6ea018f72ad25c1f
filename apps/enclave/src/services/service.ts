import type * as z from 'zod';
import type { Destination, Egress } from '../egress';
import type { KeyRing } from '../identity/keys/key-ring';
import type { OperatorSecrets } from '../identity/secrets/operator-secrets';
import type { Residence } from '../residence/residence';
import type { Clock } from '../runtime/clock';
import type { Log } from '../runtime/log';

/** The parts of the enclave that every service may use. */
export interface ServiceCore {
  readonly ring: KeyRing;
  readonly secrets: OperatorSecrets;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly log: Log;
  readonly residence: Residence;
  /** Whether the enclave opens messages in the suite of the web client (legacy). */
  readonly legacySuite: boolean;
}

/** What a service's configuration needs from the rest of the file. */
export interface ServiceNeeds {
  /** The destinations that egress must let through for the service. */
  readonly destinations: readonly Destination[];
  /** Names of the operator's secrets without which the service cannot work. */
  readonly secrets: readonly string[];
  /** Problems that the schema does not find, each as `<path within the service>: <rule>`. */
  readonly problems: readonly string[];
}

/** Returns a request header by its lower-case name. */
export type ReadHeader = (name: string) => string | undefined;

export interface ServiceDefinition<Configuration, Request, Answer> {
  /** The gateway calls `POST /<path>` with a CBOR body. */
  readonly path: string;
  /** The schema of the measured configuration under `services.<kind>`. */
  readonly configuration: z.ZodType<Configuration>;
  readonly needs: (configuration: Configuration) => ServiceNeeds;
  /** Returns the public part of the service's configuration (libs/protocol enclave/public-configuration.ts), without secrets. */
  readonly published: (configuration: Configuration) => object;
  readonly limits: { readonly maxRequestBytes: number };
  /** Decodes the request and checks its form. @throws ProtocolError or ProblemError */
  readonly readRequest: (body: Uint8Array, header: ReadHeader) => Request;
  /**
   * Called once, at start; returns the handler of requests. The handler's signal aborts when the gateway's connection closes before the
   * answer was written. If the handler throws ProtocolError or ProblemError, the gateway gets the problem document.
   */
  readonly open: (
    configuration: Configuration,
    core: ServiceCore,
  ) => (request: Request, left: AbortSignal) => Promise<Answer>;
  /** Returns the answer in CBOR. */
  readonly encodeAnswer: (answer: Answer) => Uint8Array;
}

/** A running service: takes the bytes of a request and returns the bytes of the answer. `left` is the handler's signal. */
export type OpenService = (body: Uint8Array, header: ReadHeader, left: AbortSignal) => Promise<Uint8Array>;

/** A service without the types of its requests and answers. */
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
