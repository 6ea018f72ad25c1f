import { receiptSchema } from '@communique-tee/protocol';
import { createHash } from 'node:crypto';
import { receiptFileOf } from './receipt-file';
import { ID, office, report } from './testing/scripted-client';

it('the file is the receipt that the commands and /verify accept, with the hash that sha256sum prints', () => {
  const made = report([office('HCA12', 'accepted')]);
  const { name, text, sha256 } = receiptFileOf(ID, made);
  expect(name).toBe(`receipt-${ID}.json`);
  expect(receiptSchema.parse(JSON.parse(text))).toEqual(made.receipt);
  expect(sha256).toBe(createHash('sha256').update(text).digest('hex'));
});
