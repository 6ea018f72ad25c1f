/** Nest token of the one parsed configuration: `@Inject(GATEWAY_CONFIG) config: GatewayConfig`. */
export const GATEWAY_CONFIG = 'GATEWAY_CONFIG';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Signature algorithms of bearer tokens: asymmetric ones only. An HMAC key that verifies could also sign. */
export const TOKEN_ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** Everything the gateway is told from outside, parsed once at start (environment.ts) and trusted after that. */
export interface GatewayConfig {
  readonly environment: 'development' | 'test' | 'production';
  readonly http: {
    readonly host: string;
    /** 0: a free port. */
    readonly port: number;
    /** How long a whole request may take to arrive. */
    readonly requestTimeoutMs: number;
    /** Addresses or CIDR blocks whose X-Forwarded-For is believed; empty: nobody's. */
    readonly trustedProxies: readonly string[];
  };
  readonly database: { readonly url: string; readonly poolSize: number };
  /** Absent: rate limits are counted in this process alone. */
  readonly redis?: { readonly url: string };
  readonly log: { readonly level: (typeof LOG_LEVELS)[number] };
  readonly rateLimits: { readonly windowMs: number; readonly maxRequests: number; readonly attestationMaxRequests: number };
  readonly budget: {
    readonly userDayCapMicroUsd: bigint;
    readonly systemHourCapMicroUsd: bigint;
    /** Reaching it stops all spending until an operator clears the stop. */
    readonly systemDayCapMicroUsd: bigint;
  };
  readonly auth: {
    readonly issuer: string;
    readonly audience: string;
    readonly algorithms: readonly TokenAlgorithm[];
    readonly clockSkewSeconds: number;
    readonly jwks: { readonly url: string; readonly timeoutMs: number; readonly cooldownMs: number } | { readonly file: string };
  };
  readonly enclave: {
    /** `vsock:<cid>:<port>`, `unix:<absolute path>` or `tcp:<host>:<port>`. */
    readonly address: string;
    readonly timeoutMs: number;
  };
  readonly attestation: {
    readonly verify: boolean;
    /** Hex of 48 bytes each, lower case; never empty where `verify` is true. */
    readonly acceptedMeasurements: readonly { readonly pcr0: string }[];
    /** PEM of a development root; never in production. */
    readonly trustAnchorPem?: string;
    /** How long a document without a nonce is handed out again. */
    readonly cacheMs: number;
    /** How old a document may be when it is judged. */
    readonly maxAgeMs: number;
  };
  readonly delivery: {
    readonly concurrency: number;
    readonly leaseMs: number;
    readonly minBackoffMs: number;
    readonly maxBackoffMs: number;
    readonly pollMs: number;
  };
  /** What the operator should hear at start: variables that are set and do nothing here, and why. */
  readonly notices: readonly { readonly variable: string; readonly text: string }[];
}
