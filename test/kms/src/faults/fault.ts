import type { EnvelopeForm } from '../recipient/enveloped-data';

/** What goes wrong with one request. */
export type Fault =
  /** Answers 400 ThrottlingException. */
  | { kind: 'throttling' }
  /** Answers 500 KMSInternalException. */
  | { kind: 'internal' }
  /** Answers with any error, by AWS's name; default status 400. */
  | { kind: 'error'; type: string; message?: string; status?: number }
  /** Waits, then does its work; with `done`, does its work, then waits before it answers. Ends early when the caller has left. */
  | { kind: 'slow'; delayMs: number; done?: boolean }
  /** Cuts the connection: before or after the body is read, after the work was done, or in the middle of the answer's body. */
  | { kind: 'cut'; at: 'before_reading' | 'after_reading' | 'after_doing' | 'in_the_answer' }
  /** Answers with a body that KMS would not send; by default status 200, and bytes that are not JSON. */
  | { kind: 'garbage'; body?: string | Uint8Array; status?: number }
  /** Shifts the simulator's clock, for the signature, the document and the answer's Date. */
  | { kind: 'clock'; offsetMs: number }
  /** Puts another key's ARN into the answer; by default the true ARN with another account in it. */
  | { kind: 'wrong_key_id'; keyId?: string }
  /** Puts a forged `Plaintext` into an answer for a recipient: beside the ciphertext, or in its place with `instead`. */
  | { kind: 'plaintext'; instead?: boolean }
  /** Writes the envelope in another form. */
  | { kind: 'envelope'; form: EnvelopeForm }
  /** Changes a good answer in any other way. */
  | { kind: 'answer'; change: (answer: Record<string, unknown>) => Record<string, unknown> };

/** Which requests a fault strikes. */
export interface FaultScope {
  /** The action, such as `Decrypt` or `GenerateDataKey`; if absent, every action. */
  action?: string;
  /** How many matching requests pass before the fault strikes; default 0. */
  after?: number;
  /** How often the fault strikes before it is used up; default 1. */
  times?: number | 'always';
}
