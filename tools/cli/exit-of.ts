import { AttestationError } from '@communique-tee/attestation';
import { ClientError, type ClientErrorCode } from '@communique-tee/client';
import { ProtocolError } from '@communique-tee/protocol';
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
  /** The code of the check that failed, or the gateway's own. */
  readonly reason?: string;
  /** Of what may be on its way in spite of this. */
  readonly messageId?: string;
  /** Field by field. */
  readonly problems?: readonly { readonly pointer: string; readonly code: string; readonly message: string }[];
}

/** What went wrong after a message was sealed, or while it was on its way. */
export class AboutMessage extends Error {
  override readonly name = 'AboutMessage';

  constructor(
    readonly messageId: string,
    override readonly cause: unknown,
  ) {
    super('about a message', { cause });
  }
}

/** How a command ends on what was thrown; undefined: a mistake in this code. */
export function endingOf(error: unknown): Ending | undefined {
  if (error instanceof AboutMessage) {
    const ending = endingOf(error.cause);
    return ending && { ...ending, messageId: error.messageId };
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
  const { code, message, problems } = error;
  const reason = error.problem ?? error.reason;
  const exit = code === 'refused' ? ofStatus(error.status) : EXIT_OF_CLIENT[code];
  return { exit, code, message, ...(reason !== undefined && { reason }), ...(problems.length > 0 && { problems }) };
}

/** 5xx and 429 pass; what else it says, it will say again. */
function ofStatus(status: number | undefined): Exit {
  return status === undefined || status >= 500 || status === 429 ? EXIT.notReached : EXIT.refused;
}
