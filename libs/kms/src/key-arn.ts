import { KmsError } from './errors';

const ALIAS_ARN = /^arn:(aws[a-z-]*):kms:([a-z0-9-]{1,32}):([0-9]{12}):alias\/[A-Za-z0-9/_-]{1,256}$/;
const KEY_ARN = /^arn:(aws[a-z-]*):kms:([a-z0-9-]{1,32}):([0-9]{12}):key\/[A-Za-z0-9-]{1,128}$/;

/** Partition, region and account: what an alias and the key that it points to have in common. */
export interface KeyOwner {
  partition: string;
  region: string;
  account: string;
}

/** @returns undefined where it is no alias ARN */
export function ownerOfAlias(aliasArn: string): KeyOwner | undefined {
  return ownerIn(ALIAS_ARN, aliasArn);
}

/**
 * An alias may be pointed to another key of its account, never to one of another: an answer that names such a one did not come from
 * the key that was asked for.
 * @throws KmsError `kms_answer_invalid`
 */
export function checkKeyArn(keyArn: string, asked: KeyOwner): void {
  const answered = ownerIn(KEY_ARN, keyArn);
  if (
    answered?.partition !== asked.partition ||
    answered.region !== asked.region ||
    answered.account !== asked.account
  ) {
    throw new KmsError('kms_answer_invalid', "the answer names no key of the alias's account and region");
  }
}

function ownerIn(pattern: RegExp, arn: string): KeyOwner | undefined {
  const [, partition, region, account] = pattern.exec(arn) ?? [];
  return partition === undefined || region === undefined || account === undefined
    ? undefined
    : { partition, region, account };
}
