import type { Operation } from './call';
import { decrypt, encrypt, reEncrypt } from './ciphertexts';
import { generateDataKey, generateDataKeyWithoutPlaintext } from './data-keys';
import { describeKey, generateRandom } from './others';

/** The operations by the last part of `x-amz-target: TrentService.<name>`. */
export const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['Decrypt', decrypt],
  ['DescribeKey', describeKey],
  ['Encrypt', encrypt],
  ['GenerateDataKey', generateDataKey],
  ['GenerateDataKeyWithoutPlaintext', generateDataKeyWithoutPlaintext],
  ['GenerateRandom', generateRandom],
  ['ReEncrypt', reEncrypt],
]);
