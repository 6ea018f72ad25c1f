import type {
  AgentEnd,
  AgentOutcome,
  BILL_TYPES,
  CHAMBERS,
  Provider,
  STATES,
  Task,
  TOPICS,
} from '@communique-tee/protocol';

/**
 * The types that a caller of `connect` uses. This file imports only lists of words, so that the types can be published without
 * the libraries. api.spec.ts compares the types with the schemas.
 */

/** Each PCR is a SHA-384 in 96 lowercase hexadecimal digits. */
export interface AcceptedImage {
  /** The hash of the whole image. It identifies the build, not the operator. */
  readonly pcr0: string;
  readonly pcr1?: string;
  readonly pcr2?: string;
  /** A hash of the parent instance's id. */
  readonly pcr4?: string;
  /** The certificate that signed the image. */
  readonly pcr8?: string;
}

/** An image, and the operator that may run it. */
export type AcceptedMeasurements = AcceptedImage &
  (
    | {
        /** The operator: SHA-384 of 48 zero bytes and the ARN of its parent's role. The operator publishes it. */
        readonly pcr3: string;
        readonly operator?: never;
      }
    | {
        /** Accepts the image in every AWS account. Then a stranger may operate it, see metadata and drop messages. */
        readonly operator: 'any';
        readonly pcr3?: never;
      }
  );

export interface AcceptedResidence {
  readonly modes: readonly ('off' | 'optional' | 'required')[];
  /** The registrar's id. If absent, any registrar is accepted. */
  readonly registrar?: string;
}

/**
 * Which enclaves to trust. Measurements have no default. These weaken a check: `operator: 'any'`, `unsafeDevelopmentRootPem`, and
 * values of `maxAgeMs` and `maxKeyAgeMs` above their defaults.
 */
export interface Policy {
  /** Images and their operators. The enclave must match every value of one set. */
  readonly acceptedMeasurements: readonly [AcceptedMeasurements, ...AcceptedMeasurements[]];
  /**
   * How the enclave may keep its keys: `process` (the keys end with the enclave's process), or ARNs of KMS key aliases. If absent, any
   * attested custody is accepted.
   */
  readonly acceptedCustody?: readonly string[];
  /** How the attested configuration may handle proofs of residence. If absent, any is accepted. */
  readonly acceptedResidence?: AcceptedResidence;
  /** How much the document's time may differ from this machine's clock. The default is 5 minutes. */
  readonly maxAgeMs?: number;
  /**
   * How long the client uses a verified key before it fetches another document. The default is 15 minutes. If a certificate of the
   * document expires earlier, the client fetches another document then.
   */
  readonly maxKeyAgeMs?: number;
  /** DEVELOPMENT AND TESTS ONLY. The PEM of a root certificate in place of AWS's. Anyone who has its key can forge every document. */
  readonly unsafeDevelopmentRootPem?: string;
}

export interface ConnectOptions extends KeyOptions {
  /**
   * Returns the sender's bearer token. Called before each request that needs the token, and once more after a 401. A client that sends
   * only proven messages needs no token.
   */
  readonly token?: (() => string | Promise<string>) | undefined;
}

export interface KeyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with `attesting`, with `waiting` before each retry, and with `attested`. */
  readonly onState?: ((state: AttestState) => void) | undefined;
}

export interface CertificateView {
  readonly subject: string;
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** The public configuration of an enclave. docs/message.md describes each member. */
export interface EnclaveConfiguration {
  readonly version: 3;
  readonly stack: string;
  readonly custody: string;
  /** Whether senders prove residence, and whose signed notes the enclave accepts. */
  readonly residence:
    | { readonly mode: 'off' }
    | {
        readonly mode: 'optional' | 'required';
        readonly registrar: string;
        /** One or two verifier keys (C2SP signed-note). */
        readonly keys: readonly string[];
        readonly maxCampaignDays: number;
        /** 64 hex digits. */
        readonly verificationKeySha256: string;
      };
  readonly legacySuite: boolean;
  /** Every `host:port` that the enclave can connect to. */
  readonly egress: readonly string[];
  readonly services: {
    readonly congress?:
      | ({
          readonly acceptReplayAcrossEnclaves: boolean;
          /** The date of the enclave's table of offices. The date of this library's table is `OFFICES_AS_OF`. */
          readonly officesAsOf: string;
        } & Readonly<Record<keyof typeof CHAMBERS, { readonly origin: string; readonly deduplicates: boolean }>>)
      | undefined;
    /** Absent if the enclave takes no tasks. */
    readonly agents?:
      | {
          readonly classes: readonly ModelClass[];
          /** Version and SHA-256 (in hex) of the price table by which the enclave calculates costs. */
          readonly pricesVersion: string;
          readonly pricesSha256: string;
        }
      | undefined;
  };
}

/** A model that does tasks, under the operator's short name. */
export interface ModelClass {
  readonly id: string;
  /** The company that reads the text of a task. Only this company and the enclave read it. */
  readonly provider: Provider;
  /** The provider's exact name of the model. */
  readonly model: string;
  readonly tasks: readonly Task[];
  readonly maxOutputTokens: number;
}

/** The enclave's keys, from a verified document. */
export interface AttestedKey {
  /** 16 bytes. */
  readonly keyId: Uint8Array;
  /** 32 bytes, X25519: messages are sealed to it. */
  readonly publicKey: Uint8Array;
  /** 32 bytes, Ed25519: signs receipts. */
  readonly receiptKey: Uint8Array;
  /** `process` (the keys end with the enclave's process) or the ARN of a KMS key alias. */
  readonly custody: string;
  /** SHA-256 of the enclave's public configuration, 32 bytes. */
  readonly configSha256: Uint8Array;
  /** Has the hash `configSha256`. Absent if the gateway did not give it. */
  readonly configuration?: EnclaveConfiguration;
  readonly attestation: {
    readonly moduleId: string;
    readonly timestampMs: number;
    readonly pcr0: string;
    /** The operator: the role of the parent instance. Absent if the parent has no role. */
    readonly pcr3?: string;
    readonly pcrs: ReadonlyMap<number, Uint8Array>;
    /** Root first. */
    readonly certificates: readonly CertificateView[];
  };
  /** The attestation document as received, COSE_Sign1. */
  readonly document: Uint8Array;
}

export interface Bill {
  readonly congress: number;
  readonly type: (typeof BILL_TYPES)[number];
  readonly number: number;
}

/** A message to Congress. docs/message.md has lengths and rules. No field has a default. */
export interface Message {
  /** One to four office codes in the chambers' own form: `HCA12`, `SCA01`. */
  readonly offices: readonly string[];
  readonly constituent: {
    readonly prefix: string;
    readonly firstName: string;
    readonly middleName?: string | undefined;
    readonly lastName: string;
    readonly suffix?: string | undefined;
    readonly title?: string | undefined;
    readonly organization?: string | undefined;
    readonly address1: string;
    readonly address2?: string | undefined;
    readonly address3?: string | undefined;
    readonly city: string;
    readonly state: (typeof STATES)[number];
    readonly zip: string;
    readonly email: string;
    readonly phone?: string | undefined;
  };
  readonly message: {
    readonly subject: string;
    /** The organization's text, the same in every message of a campaign. */
    readonly organizationStatement?: string | undefined;
    /** The person's own words. Required without `organizationStatement`. */
    readonly body?: string | undefined;
    readonly topics: readonly (typeof TOPICS)[number][];
    readonly bills?: readonly Bill[] | undefined;
    readonly stance?: 'pro' | 'con' | undefined;
    readonly moreInfo?: string | undefined;
  };
  readonly campaignId: string;
  /** The organization behind the campaign. */
  readonly organization?:
    | {
        readonly name: string;
        readonly about?: string | undefined;
        readonly contact?:
          | {
              readonly name?: string | undefined;
              readonly email?: string | undefined;
              readonly phone?: string | undefined;
            }
          | undefined;
      }
    | undefined;
  readonly responseRequested?: boolean | undefined;
  readonly newsletterOptIn?: boolean | undefined;
}

export type Status =
  'queued' | 'delivering' | 'delivered' | 'partially_delivered' | 'refused' | 'unknown' | 'expired' | 'key_retired';
export type OfficeOutcome = 'accepted' | 'duplicate' | 'refused' | 'unknown' | 'pending';

/** The status of a message as the gateway reports it. Only a verified receipt proves an outcome. */
export interface StatusView {
  readonly id: string;
  readonly status: Status;
  readonly acceptedAt: string;
  readonly expiresAt: string;
  readonly endedAt: string | null;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly reason: string | null;
  readonly receipt: { readonly receipt: string; readonly attestation_document: string } | null;
  readonly sealedAnswer: string | null;
}

/**
 * What the enclave reports in its signed receipt and in its sealed answer. The client has verified both, and that they agree.
 */
export interface VerifiedReport {
  /** Seconds since 1970, by the enclave's clock. */
  readonly timeSeconds: number;
  readonly pcr0: string;
  readonly custody: string;
  /** In the order of the message. */
  readonly offices: readonly {
    readonly office: string;
    readonly outcome: OfficeOutcome;
    readonly deliveryId: string | null;
    readonly reason: string | null;
    readonly detail: string | null;
  }[];
  /** The faults of the message itself. If there are any, every outcome is `refused`. */
  readonly problems: readonly { readonly pointer: string; readonly code: string; readonly message: string }[];
  /** Keep it: anyone can verify it, years later. */
  readonly receipt: { readonly receipt: string; readonly attestation_document: string };
}

/** A request failed, and the client tries again after `waitMs`. */
export interface Waiting {
  readonly step: 'waiting';
  readonly during: 'attesting' | 'fetching_registry' | 'posting' | 'following';
  /** 0 after a 401, when the client asks the caller for another token at once. */
  readonly waitMs: number;
  /** The gateway's problem code. Without one, the code of the client's error. */
  readonly because: string;
}

export type AttestState =
  { readonly step: 'attesting' } | { readonly step: 'attested'; readonly key: AttestedKey } | Waiting;

export type SendState =
  | AttestState
  /** The client fetches the registrar's list. While the registrar updates the list, `waiting` follows, with `ERR_RESIDENCE_LIST_UPDATING`. */
  | { readonly step: 'fetching_registry' }
  /** The data from the list. Keep it, and give it as `list` with the next message. */
  | { readonly step: 'registry_read'; readonly list: ListPath }
  /** The client makes the proof. `loading`: it loads the proof system. */
  | { readonly step: 'proving'; readonly phase: 'loading' | 'solving' | 'proving' }
  /** The client will post the bytes in `sealed`. To follow the message from another program, store `kept` now. */
  | { readonly step: 'sealed'; readonly id: string; readonly sealed: Uint8Array; readonly kept: KeptMessage }
  | { readonly step: 'posting'; readonly attempt: number }
  /** The gateway answered 202. Replace the stored `kept` by this one, so that `resume` knows that the gateway has the message. */
  | { readonly step: 'accepted'; readonly view: StatusView; readonly kept: KeptMessage }
  /** `report` is verified; null while there is no receipt. Until the message ends, it is an interim report. */
  | { readonly step: 'status'; readonly view: StatusView; readonly report: VerifiedReport | null }
  /** The gateway reported `key_retired`, so the client seals the same message to a newly attested key. */
  | { readonly step: 'resealing' }
  | { readonly step: 'ended'; readonly result: SendResult };

export interface SendResult {
  readonly id: string;
  /** If `report` is null, only the gateway claims this status. */
  readonly status: Status;
  /** The gateway's reason, as a stable code. */
  readonly reason: string | null;
  readonly report: VerifiedReport | null;
  readonly view: StatusView;
  /** The key that the message was sealed to. Null after `resume`, because a kept message has only its id. */
  readonly key: AttestedKey | null;
  /** SHA-256 of the sealed message, 32 bytes. */
  readonly sealedSha256: Uint8Array;
  /** Whether this call sealed the message a second time. */
  readonly resealed: boolean;
}

/**
 * The data that `resume` needs: one JSON value under 1,000 bytes. SECRET: anyone who has it and the sealed answer can read which offices
 * the message went to, and their outcomes. It cannot open the message, and contains no part of the message and no token.
 */
export interface KeptMessage {
  readonly v: 2;
  /** The gateway's origin. */
  readonly gateway: string;
  /** A UUID. */
  readonly id: string;
  readonly suite: 'hpke-x25519-hkdfsha256-xchacha20poly1305';
  /** 16 bytes in base64url: the enclave's key. */
  readonly keyId: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** 32 bytes in base64url, or null. */
  readonly nullifier: string | null;
  /** 32 bytes in base64url: the hash of the sealed message. */
  readonly sealedSha256: string;
  /** 32 bytes in base64url: opens the answer. */
  readonly answerKey: string;
  /** 32 bytes in base64url: reads status and receipt of a proven message, without a token. Null for a message without a proof. */
  readonly statusSecret: string | null;
  /** Whether the gateway had answered 202 when this value was made. */
  readonly accepted: boolean;
}

/** Why an office may get the message twice if the gateway lies. */
export interface DuplicateRisk {
  /**
   * `sending`: several enclaves have the key, so the gateway could give the message to each. `sending_again`: the gateway reports
   * that the enclave lost its key (`key_retired`), but nothing proves that the message was not delivered. Before `sending_again` of a
   * proven message the client always asks, because it has to prove again.
   */
  readonly when: 'sending' | 'sending_again';
  /**
   * The chambers that may deliver twice: the enclave does not attest that they recognize a repeated message. Empty only for
   * `sending_again` of a proven message.
   */
  readonly chambers: readonly (keyof typeof CHAMBERS)[];
}

export interface SendOptions {
  readonly signal?: AbortSignal;
  /**
   * Called if the next step may deliver the message twice. Ask the person, for example: "It may already have been delivered. Send
   * again?". Without this function the answer is no. After a no, `sending` rejects with `duplicate_not_accepted` (no message was sent),
   * and `sending_again` ends as `key_retired`.
   */
  readonly confirmPossibleDuplicate?: (risk: DuplicateRisk) => boolean | Promise<boolean>;
  /** How long the message may wait for delivery. The default is a day, the maximum seven days. */
  readonly lifetimeSeconds?: number;
  /** How long the client tries to post the message. The default is 2 minutes. */
  readonly postTimeoutMs?: number;
  /** How long the client follows the message. The default is until the message expires. 0: one request. */
  readonly followTimeoutMs?: number;
  readonly onState?: (state: SendState) => void;
  /** Sends the message with a proof of residence, and without a token. */
  readonly residence?: ResidenceOptions;
}

/** The JSON value that the registrar gives to a registered person. It reveals where the person lives. */
export interface Registration {
  readonly version: 1;
  readonly registrar: string;
  /** Congress, state and seat: `120-MT-01`. */
  readonly district: string;
  /** 64 hex digits. */
  readonly salt: string;
  readonly index: number;
}

/**
 * What a proof needs from the registrar's list: a JSON value of about 2 KB. It reveals the person's place in the list.
 */
export interface ListPath {
  readonly version: 1;
  /** Unix seconds. */
  readonly fetchedAt: number;
  readonly rootNote: string;
  /** 20 values of 64 hex digits. */
  readonly siblings: readonly string[];
}

/** The inputs of a proof of residence. */
export interface ResidenceOptions {
  /**
   * 32 bytes. Anyone who has the secret and the registration can send in the person's place. The secret never leaves this machine, and
   * the proof does not reveal it.
   */
  readonly secret: Uint8Array;
  readonly registration: Registration;
  /** The campaign note, from the template. The message's `campaignId` must name the same campaign. */
  readonly campaignNote: string;
  /** From an earlier `registry_read`. Used if it is under a day old and its root is valid for more than another day. */
  readonly list?: ListPath | undefined;
  /** The address of the registrar's list. By default the client asks the gateway for it. */
  readonly files?: string | URL | undefined;
  /** Posts with the sender's token too. Then the gateway knows who wrote. */
  readonly withToken?: boolean;
  readonly prover: ResidenceProver;
}

/**
 * Made by `residenceProver` of `@communique-tee/client/residence`. Only a checkout has that entry; the built package cannot prove.
 */
export interface ResidenceProver {
  /** 64 hex digits. Identifies the circuit. */
  readonly verificationKeySha256: string;
  /** Prepares all that does not depend on the sealed message. Rejects with errors that have a `code`. */
  readonly prepare: (question: ResidenceQuestion) => Promise<PreparedProof>;
}

export interface ResidenceQuestion extends Pick<ResidenceOptions, 'secret' | 'registration' | 'campaignNote' | 'list'> {
  /** Returns the list's address. Called only if the list has to be fetched. */
  readonly files: () => Promise<string | URL>;
  /** The enclave's attested settings for proofs of residence. */
  readonly attested: { readonly registrar: string; readonly keys: readonly string[]; readonly maxCampaignDays: number };
  readonly nowSeconds: () => number;
  readonly signal?: AbortSignal | undefined;
  readonly onState: (state: SendState) => void;
}

export interface PreparedProof {
  readonly campaign: string;
  /** The codes of the district's offices. */
  readonly offices: readonly string[];
  /** When the root note or the campaign note ends, whichever is earlier. The message must expire by then. */
  readonly notAfterSeconds: number;
  readonly rootNote: string;
  /** A field element, 32 bytes. The same for all messages of one person in one campaign. */
  readonly nullifier: Uint8Array;
  /** Opens the claim; sealed with the message. `delivery` and `blinding` are field elements, 32 bytes each. */
  readonly opening: { readonly district: string; readonly delivery: Uint8Array; readonly blinding: Uint8Array };
  /**
   * @param statusSha256 SHA-256 of the status secret, 32 bytes
   * @param sealed the sealed message
   */
  readonly prove: (
    statusSha256: Uint8Array,
    sealed: Uint8Array,
  ) => Promise<{ readonly claim: Uint8Array; readonly proof: Uint8Array }>;
}

export type ResumeOptions = Pick<SendOptions, 'signal' | 'followTimeoutMs' | 'onState'>;

/** A message that is being sent. Iteration begins with the first state. If sending fails, `result` and the iteration reject. */
export interface Sending extends AsyncIterable<SendState> {
  /** A UUID. */
  readonly id: string;
  readonly result: Promise<SendResult>;
}

/** A model class, and whether the gateway takes tasks for it now. */
export interface ModelOffer extends ModelClass {
  readonly available: boolean;
}

/** A person's request to a model. docs/agents.md has lengths and rules. */
export interface TaskRequest {
  readonly task: Task;
  /** The id of a class from `models()`. Its provider reads `text` and `subject`. */
  readonly modelClass: string;
  /** Primary language of the answer, such as `en`. */
  readonly language: string;
  /** At most 16,384 bytes of UTF-8. */
  readonly text: string;
  readonly subject?: string | null | undefined;
  /** 64 to 2,048 in steps of 64. The default is the class's own maximum. The gateway sees it. */
  readonly maxOutputTokens?: number | undefined;
}

export type AgentState =
  | AttestState
  /** The bytes in `request` leave this machine. */
  | { readonly step: 'sealed'; readonly id: string; readonly request: Uint8Array }
  | { readonly step: 'posting'; readonly attempt: number }
  | { readonly step: 'ended'; readonly result: TaskResult };

export interface TaskOptions {
  /** If a provider already has the task when the signal aborts, the provider finishes it and the person is charged. */
  readonly signal?: AbortSignal | undefined;
  readonly onState?: ((state: AgentState) => void) | undefined;
}

/** The enclave's signed statement about one attempt. docs/agents.md describes each claim. */
export interface UsageClaims {
  readonly v: 1;
  readonly request_id: string;
  readonly request_sha256: string;
  readonly attempt: 1 | 2;
  readonly model_class: string;
  readonly provider: Provider;
  readonly model: string;
  readonly served_model: string | null;
  readonly end: AgentEnd;
  readonly usage_state: 'reported' | 'invalid' | 'unknown' | 'not_billed';
  readonly usage: {
    readonly input: number;
    readonly cached: number;
    readonly cacheWrittenShort: number;
    readonly cacheWrittenLong: number;
    readonly output: number;
    readonly thinking: number;
  } | null;
  readonly prices_version: string;
  readonly prices_sha256: string;
  readonly cost_micro_usd: string;
  readonly time: number;
  readonly pcr0: string;
  readonly attestation_sha256: string;
}

export interface TaskResult {
  /** A UUID. */
  readonly id: string;
  /**
   * `complete`: the answer is whole. `cut`: the text stops at the maximum output. `empty`: there is no text. `refused`: the
   * model refused. `answer_rejected`: the text broke the enclave's rules. `task_invalid`: the enclave does not take this
   * task. `provider_failed`: `problem` gives the reason.
   */
  readonly outcome: AgentOutcome;
  /** Written by a model: show it as plain text, for the person to read and edit. Null unless `complete` or `cut`. */
  readonly text: string | null;
  /** For `answer_rejected` and `provider_failed`, the reason as a stable code. Otherwise null. */
  readonly problem: string | null;
  /** The verified statement about the last attempt. */
  readonly statement: UsageClaims;
  /** The cost of the last attempt. If a first attempt was lost, the person's budget also pays its full reservation. */
  readonly chargedMicroUsd: bigint;
  /** Whether this library has the enclave's price table, and so could check the cost. */
  readonly costChecked: boolean;
  readonly pcr0: string;
  /** Keep it: anyone can verify it, years later. */
  readonly proof: { readonly statement: string; readonly attestation_document: string };
}

export interface Client {
  /** Returns the verified key, cached or newly attested. @throws ClientError */
  key(options?: KeyOptions): Promise<AttestedKey>;
  /** Checks, seals, posts, follows and verifies. Every failure rejects `result` with a ClientError. */
  send(message: Message, options?: SendOptions): Sending;
  /**
   * Follows a message until it ends, and verifies receipt and answer as `send` does. It does not seal the message again after
   * `key_retired`. States: `accepted`, `status`, `waiting`, `ended`.
   * @throws ClientError `kept_invalid`, at once
   */
  resume(kept: KeptMessage, options?: ResumeOptions): Sending;
  /** Returns the models that the enclave attests; none if the enclave takes no tasks. @throws ClientError */
  models(options?: KeyOptions): Promise<readonly ModelOffer[]>;
  /**
   * Gives a model a task: checks, seals and posts it, verifies the usage statement and opens the answer. After a cut connection it
   * posts the same bytes again, and the enclave answers from memory. Nothing is sent to Congress.
   * @throws ClientError
   */
  agent(task: TaskRequest, options?: TaskOptions): Promise<TaskResult>;
}
