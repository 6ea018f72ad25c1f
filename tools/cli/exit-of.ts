import { AttestationError } from '@communique-tee/attestation';
import { ClientError, type ClientErrorCode, type WhetherSent } from '@communique-tee/client';
import { ProtocolError, type ProblemCode } from '@communique-tee/protocol';
import { CryptoError } from '@communique-tee/crypto';
import { EifError } from '@communique-tee/eif';
import { ReceiptError } from '@communique-tee/receipts';
import { EXIT, Failure, type Exit } from './failure';

const EXIT_OF_CLIENT: Readonly<Record<Exclude<ClientErrorCode, 'refused'>, Exit>> = {
  policy_invalid: EXIT.notUnderstood,
  message_invalid: EXIT.notUnderstood,
  attestation_refused: EXIT.refused,
  key_binding_invalid: EXIT.refused,
  custody_refused: EXIT.refused,
  configuration_refused: EXIT.refused,
  residence_refused: EXIT.refused,
  residence_unavailable: EXIT.notReached,
  task_invalid: EXIT.notUnderstood,
  model_refused: EXIT.refused,
  duplicate_not_accepted: EXIT.refused,
  receipt_refused: EXIT.refused,
  kept_invalid: EXIT.notUnderstood,
  token_unavailable: EXIT.notUnderstood,
  unreachable: EXIT.notReached,
  answer_invalid: EXIT.notReached,
  timeout: EXIT.onItsWay,
  aborted: EXIT.interrupted,
};

export interface Ending {
  readonly exit: Exit;
  readonly code: string;
  readonly message: string;
  /** The code of the check that failed, or the gateway's code. */
  readonly reason?: string;
  /** Whether the message was sent despite the error; absent if the command was not about a message. */
  readonly sent?: WhetherSent;
  /** The id of a message that was sealed here. */
  readonly messageId?: string;
  /** Whether the gateway will always refuse these bytes. If so, the command stores nothing of the message. */
  readonly isFinal?: boolean;
  /** What is wrong with each field. */
  readonly problems?: readonly { readonly pointer: string; readonly code: string; readonly message: string }[];
}

/** An error while a message was sent. */
export class SendingError extends Error {
  override readonly name = 'SendingError';

  constructor(
    override readonly cause: unknown,
    readonly sent: WhetherSent,
    /** Undefined until the message is sealed. */
    readonly messageId: string | undefined,
  ) {
    super('while a message was sent', { cause });
  }
}

/** The gateway answers with such a code every time the same bytes are posted. */
const FINAL_REFUSALS: ReadonlySet<string> = new Set([
  'already_sent',
  'circuit_retired',
  'malformed_body',
  'message_id_taken',
  'proof_invalid',
  'suite_unsupported',
] satisfies ProblemCode[]);

export function isFinalRefusal(error: unknown): boolean {
  return error instanceof ClientError && error.code === 'refused' && FINAL_REFUSALS.has(error.problem ?? '');
}

/** Returns how a thrown error ends the command; undefined if the error is a bug. */
export function endingOf(error: unknown): Ending | undefined {
  if (error instanceof SendingError) {
    const ending = endingOf(error.cause);
    const { sent, messageId } = error;
    return (
      ending && {
        ...ending,
        sent,
        ...(messageId !== undefined && { messageId, isFinal: sent === 'not_sent' && isFinalRefusal(error.cause) }),
      }
    );
  }
  if (error instanceof Failure) return { exit: error.exit, code: error.code, message: error.message };
  if (error instanceof ClientError) return ofClient(error);
  if (error instanceof AttestationError)
    return {
      exit: error.step === 'policy' ? EXIT.notUnderstood : EXIT.refused,
      code: 'attestation_refused',
      message: error.message,
      reason: error.code,
    };
  if (error instanceof EifError) return ofImage(error);
  if (error instanceof ReceiptError || error instanceof CryptoError || error instanceof ProtocolError)
    return { exit: EXIT.refused, code: 'receipt_refused', message: error.message, reason: error.code };
  return undefined;
}

function ofImage({ code, message }: EifError): Ending {
  if (code === 'ERR_EIF_FILE' || code === 'ERR_EIF_SOURCE_CHANGED')
    return { exit: EXIT.notReached, code: 'file_unreadable', message };
  if (code === 'ERR_EIF_MAGIC') return { exit: EXIT.notUnderstood, code: 'not_understood', message };
  return { exit: EXIT.refused, code: 'image_refused', message, reason: code };
}

function ofClient(error: ClientError): Ending {
  const { code, message, problems, sent, messageId } = error;
  const reason = error.problem ?? error.reason;
  const exit = code === 'refused' ? ofStatus(error.status) : EXIT_OF_CLIENT[code];
  return {
    exit,
    code,
    message,
    ...(reason !== undefined && { reason }),
    ...(messageId !== undefined && { sent, messageId }),
    ...(problems.length > 0 && { problems }),
  };
}

/** Returns the exit code for an HTTP status. A 5xx or 429 may be temporary; any other refusal is permanent. */
function ofStatus(status: number | undefined): Exit {
  return status === undefined || status >= 500 || status === 429 ? EXIT.notReached : EXIT.refused;
}
