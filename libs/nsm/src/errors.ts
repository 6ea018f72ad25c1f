/** The names of errors in the NSM's answers (aws-nitro-enclaves-nsm-api, src/api/mod.rs, ErrorCode). */
const answers = {
  InvalidArgument: 'ERR_NSM_INVALID_ARGUMENT',
  InvalidIndex: 'ERR_NSM_INVALID_INDEX',
  InvalidResponse: 'ERR_NSM_INVALID_RESPONSE',
  ReadOnlyIndex: 'ERR_NSM_READ_ONLY_INDEX',
  InvalidOperation: 'ERR_NSM_INVALID_OPERATION',
  BufferTooSmall: 'ERR_NSM_BUFFER_TOO_SMALL',
  InputTooLarge: 'ERR_NSM_INPUT_TOO_LARGE',
  InternalError: 'ERR_NSM_INTERNAL_ERROR',
} as const;

export type NsmErrorCode =
  | (typeof answers)[keyof typeof answers]
  /** there is no such device: not inside an enclave */
  | 'ERR_NSM_DEVICE_ABSENT'
  /** the device is there and cannot be opened, or its driver failed */
  | 'ERR_NSM_DEVICE'
  /** the answer is not what the NSM answers */
  | 'ERR_NSM_ANSWER'
  /** a request after close */
  | 'ERR_NSM_CLOSED';

export class NsmError extends Error {
  override readonly name = 'NsmError';
  readonly code: NsmErrorCode;

  constructor(code: NsmErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Returns the error for the NSM's answer: ERR_NSM_ANSWER if the name is not in the list. */
export function errorFromAnswer(answer: unknown): NsmError {
  if (typeof answer === 'string' && Object.hasOwn(answers, answer)) {
    return new NsmError(answers[answer as keyof typeof answers], `the NSM answered ${answer}`);
  }
  return new NsmError('ERR_NSM_ANSWER', 'the NSM answered an error without a known name');
}
