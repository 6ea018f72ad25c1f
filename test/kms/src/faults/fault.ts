import type { EnvelopeForm } from '../recipient/enveloped-data';

/** What goes wrong with one request. */
export type Fault =
  /** Answers 400 ThrottlingException. */
  | { kind: 'throttling' }
  /** 500 KMSInternalException. */
  | { kind: 'internal' }
  /** Any error by AWS's name; default status 400. */
  | { kind: 'error'; type: string; message?: string; status?: number }
  /** Waits, then does its work (or does it, then waits with the answer). Ends early when the caller has gone. */
  | { kind: 'slow'; delayMs: number; done?: boolean }
  /** The connection is cut: before the body is read, after it, after the work was done, or in the middle of the answer's body. */
  | { kind: 'cut'; at: 'before_reading' | 'after_reading' | 'after_doing' | 'in_the_answer' }
  /** 200 with a body that is not KMS's; by default bytes that are no JSON. */
  | { kind: 'garbage'; body?: string | Uint8Array; status?: number }
  /** The simulator's clock is off by this much, for the signature, the document and the answer's Date. */
  | { kind: 'clock'; offsetMs: number }
  /** Another key's ARN in the answer; by default the true one with another account in it. */
  | { kind: 'wrong_key_id'; keyId?: string }
  /** What an attacker's KMS could do: `Plaintext` in the answer although a recipient was named, beside the ciphertext or instead of it. */
  | { kind: 'plaintext'; instead?: boolean }
  /** The envelope in another form. */
  | { kind: 'envelope'; form: EnvelopeForm }
  /** Any other change of a good answer. */
  | { kind: 'answer'; change: (answer: Record<string, unknown>) => Record<string, unknown> };

/** Which requests a fault is for. */
export interface Strike {
  /** The action, such as `Decrypt` or `GenerateDataKey`; if absent, every action. */
  action?: string;
  /** How many matching requests pass before the fault strikes; default 0. */
  after?: number;
  /** How often the fault strikes before it is used up; default 1. */
  times?: number | 'always';
}
