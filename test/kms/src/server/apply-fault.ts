import { randomBytes } from 'node:crypto';
import type { Fault } from '../faults/fault';
import type { Answer } from '../operations/call';

/** Applies the fault to a correct answer. */
export function changed(answer: Answer, fault: Fault | undefined): Answer {
  switch (fault?.kind) {
    case 'wrong_key_id':
      return {
        ...answer,
        KeyId:
          fault.keyId ??
          String(answer['KeyId']).replace(/:[0-9]{12}:/, (account) =>
            account === ':999999999999:' ? ':000000000000:' : ':999999999999:',
          ),
      };
    case 'plaintext': {
      // Random bytes, as from an attacker, who cannot read the real ones: they are encrypted to the recipient
      const forged = { ...answer, Plaintext: randomBytes(32).toString('base64') };
      if (fault.instead !== true) return forged;
      const { CiphertextForRecipient: _withheld, ...rest } = forged as Answer;
      return rest;
    }
    case 'answer':
      return fault.change(answer);
    default:
      return answer;
  }
}
