/**
 * An error answer of KMS in AWS JSON 1.1: `{"__type": name, "message": ...}` (AWS KMS API reference: the errors of each action, and "Common
 * errors"). KMS answers 400 to errors of the caller, including denied access, and 500 to its own errors.
 */
export class KmsFailure extends Error {
  override readonly name = 'KmsFailure';

  constructor(
    /** AWS's name of the error, which is also the name of the SDK's error. */
    readonly type: string,
    message = '',
    readonly status = 400,
  ) {
    super(message);
  }
}

/** Returns a ValidationException, in AWS's words, about one member of a request. */
export function invalidMember(member: string, constraint: string): KmsFailure {
  return new KmsFailure(
    'ValidationException',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
