import type { MeasurementSet } from '@communique-tee/attestation';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Signature algorithms of bearer tokens. All are asymmetric: with HMAC, the key that verifies tokens could also sign them. */
export const TOKEN_ALGORITHMS = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/**
 * Which tokens of the issuer are accepted. `at+jwt`: only access tokens, by their `typ` (RFC 9068). `any`: all tokens, for issuers that
 * do not mark access tokens.
 */
export const TOKEN_TYPES = ['at+jwt', 'any'] as const;
export type TokenType = (typeof TOKEN_TYPES)[number];

/** How people sign in on the page: OpenID Connect for a public client, authorization code flow with PKCE. */
export interface PageSignIn {
  /** AUTH_ISSUER. */
  readonly issuer: string;
  readonly clientId: string;
  readonly authorizationEndpoint: string;
  /** The only address, other than the gateway's, that the page may connect to. */
  readonly tokenEndpoint: string;
  readonly scope: string;
  /** The parameter of the authorization request that carries AUTH_AUDIENCE. Null if the issuer needs none. */
  readonly audience: { readonly parameter: 'audience' | 'resource'; readonly value: string } | null;
}

/** Whether messages have a proof of residence: never, as the sender chooses, or always. */
export const RESIDENCE_MODES = ['off', 'optional', 'required'] as const;
export type ResidenceMode = (typeof RESIDENCE_MODES)[number];

/** How the gateway checks proofs of residence. The attested configuration of the enclave must agree. */
export type ResidenceConfig =
  | { readonly mode: 'off' }
  | {
      readonly mode: Exclude<ResidenceMode, 'off'>;
      /** The registrar's id, which is also the name of its keys. */
      readonly registrar: string;
      /** Verifier keys of the registrar's signed notes (C2SP signed-note); two while the registrar replaces its key. */
      readonly keys: readonly [string, ...string[]];
      /** The address of the registrar's static files; ends with a slash. */
      readonly files: string;
      /** The file with the reference string, which the gateway serves to the page. Without it the page cannot prove. */
      readonly referenceStringFile?: string;
    };

/** Everything that the gateway's environment sets, parsed once at the start (environment.ts). */
export interface GatewayConfig {
  readonly environment: 'development' | 'test' | 'production';
  readonly http: {
    readonly host: string;
    /** The TCP port; 0 for any free port. */
    readonly port: number;
    /** How long a whole request may take to arrive. */
    readonly requestTimeoutMs: number;
    /** Addresses or CIDR blocks whose X-Forwarded-For is trusted; empty: none. */
    readonly trustedProxies: readonly string[];
    /** The most open connections in total. The gateway closes further connections without an answer. */
    readonly maxConnections: number;
    /** The most open connections from one address. It does not limit trusted proxies. */
    readonly maxConnectionsPerAddress: number;
    /** Origins whose pages may read answers; empty: none. */
    readonly corsOrigins: readonly string[];
  };
  readonly database: { readonly url: string; readonly poolSize: number };
  /** Absent: each process counts rate limits separately. */
  readonly redis?: { readonly url: string };
  readonly log: { readonly level: (typeof LOG_LEVELS)[number] };
  readonly rateLimits: {
    readonly windowMs: number;
    readonly maxRequests: number;
    readonly attestationMaxRequests: number;
    readonly otherMaxRequests: number;
    /** How many proofs of residence the gateway verifies for one address in one window. */
    readonly proofMaxRequests: number;
  };
  readonly budget: {
    readonly userDayCapMicroUsd: bigint;
    /** How many messages of one owner are accepted in one UTC day; 0: no limit. */
    readonly userDayMessages: number;
    readonly systemHourCapMicroUsd: bigint;
    /** When this cap is used up, the gateway sets the emergency stop. */
    readonly systemDayCapMicroUsd: bigint;
    /** The cost of each sent copy. With 0, mail costs nothing and does not count toward the caps. */
    readonly deliveryPriceMicroUsd: bigint;
  };
  readonly auth: {
    readonly issuer: string;
    readonly audience: string;
    readonly algorithms: readonly TokenAlgorithm[];
    readonly tokenType: TokenType;
    readonly clockSkewSeconds: number;
    /** The scope that a token needs for the calls of administrators. */
    readonly adminScope: string;
    readonly jwks:
      | { readonly url: string; readonly timeoutMs: number; readonly cooldownMs: number; readonly staleMs: number }
      | { readonly file: string; readonly staleMs: number };
  };
  readonly page: {
    /** Absent: the page has no sign-in, and the person pastes a token. */
    readonly signIn?: PageSignIn;
    /** The https address of `communique-tee.mjs`, on another server than this one; absent: the page shows how to build the file. */
    readonly verifierUrl?: string;
  };
  readonly residence: ResidenceConfig;
  readonly enclave: {
    /**
     * Each is `vsock:<cid>:<port>`, `unix:<absolute path>`, `tcp:<host>:<port>` or, never in production, `hybrid:<absolute path>:<port>`.
     * More than one is allowed only if attestation is verified.
     */
    readonly addresses: readonly [string, ...string[]];
    readonly timeoutMs: number;
  };
  /** Tasks for models. The enclave attests which models exist. */
  readonly agents: {
    readonly on: boolean;
    /** The longest time for a task, including waits and both attempts. */
    readonly timeoutMs: number;
  };
  readonly keys: {
    /** How often the gateway offers each enclave its key records, if nothing triggers an offer sooner. */
    readonly intervalMs: number;
    /**
     * Absolute path of the file with the ciphertexts of the operator's secrets. The gateway reads it again when it changes. Absent: no
     * secrets.
     */
    readonly secretsFile?: string;
  };
  readonly attestation: {
    readonly verify: boolean;
    /** Never empty if `verify` is true. */
    readonly acceptedMeasurements: readonly MeasurementSet[];
    /** PEM of a development root; never in production. */
    readonly trustAnchorPem?: string;
    /** How long the gateway gives the same document to clients that ask without a nonce. */
    readonly cacheMs: number;
    /** How old a document may be when it is verified. */
    readonly maxAgeMs: number;
  };
  /** Limits of messages that have not ended, and of the longest wait for a worker. Above either one, new messages get `overloaded`. */
  readonly admission: { readonly maxWaiting: number; readonly maxAgeMs: number };
  /** How many days rows are kept: messages after they ended, the ledger and the budget windows after their UTC day. */
  readonly retention: { readonly messagesDays: number; readonly ledgerDays: number };
  readonly delivery: {
    /** The most attempts that one process runs at once, even if the enclaves could take more. */
    readonly concurrency: number;
    readonly leaseMs: number;
    readonly minBackoffMs: number;
    readonly maxBackoffMs: number;
    readonly pollMs: number;
  };
  readonly metrics: {
    /** The address at which Prometheus reads metrics; absent: none. Port 0: a free port. */
    readonly listen?: { readonly host: string; readonly port: number };
    /** The address to which metrics are pushed as OTLP/HTTP; absent: none. */
    readonly push?: { readonly endpoint: string; readonly intervalMs: number };
  };
  /** The address to which unexpected errors are reported; absent: none. The key is never logged. */
  readonly errorReports?: { readonly endpoint: string; readonly publicKey: string };
  readonly shutdown: {
    /** How long after the signal the gateway still answers requests while readiness fails. */
    readonly drainMs: number;
    /** The time within which the process ends, draining included. */
    readonly timeoutMs: number;
  };
  /** Warnings for the operator at start: each explains the value or the absence of one variable. */
  readonly notices: readonly { readonly variable: string; readonly text: string }[];
}
