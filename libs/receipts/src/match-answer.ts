import { toBase64Url, type Answer, type ReceiptClaims } from '@communique-tee/protocol';
import { ReceiptError } from './errors';
import { commitToOffice } from './office-commitment';

/**
 * Checks that a sealed answer, once opened, tells the same story as the public receipt: office by office the salt and the code
 * open the commitment, and the outcomes are equal.
 * @throws ReceiptError `ERR_RECEIPT_ANSWER`
 */
export function matchAnswer(claims: ReceiptClaims, answer: Answer): void {
  const matches =
    claims.offices.length === answer.offices.length &&
    claims.offices.every((public_, at) => {
      const private_ = answer.offices[at];
      return (
        private_ !== undefined &&
        public_.outcome === private_.outcome &&
        public_.commitment === toBase64Url(commitToOffice(private_.salt, private_.office))
      );
    });
  if (!matches) throw new ReceiptError('ERR_RECEIPT_ANSWER', 'the answer does not open the receipt');
}
