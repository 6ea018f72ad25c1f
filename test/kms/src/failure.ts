/**
 * How KMS refuses: AWS JSON 1.1, `{"__type": name, "message": ...}` (AWS KMS API reference, the errors of each action, and
 * "Common errors"). KMS answers 400 to errors of the caller, access included, and 500 to its own.
 */
export class KmsFailure extends Error {
  override readonly name = 'KmsFailure';

  constructor(
    /** AWS's name, as the SDK's error is called. */
    readonly type: string,
    message = '',
    readonly status = 400,
  ) {
    super(message);
  }
}

/** A ValidationException in AWS's words: what is wrong with one member of a request. */
export function invalidMember(member: string, constraint: string): KmsFailure {
  return new KmsFailure(
    'ValidationException',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
