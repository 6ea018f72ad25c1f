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
  /** there is no device, because the program does not run in an enclave or the kernel lacks the driver */
  | 'ERR_NSM_DEVICE_ABSENT'
  /** the device exists but cannot be opened, or its driver refused the call */
  | 'ERR_NSM_DEVICE'
  /** the bytes are not an answer of the NSM */
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

/** Returns the error for the name in the NSM's answer. For an unknown name, its code is ERR_NSM_ANSWER. */
export function errorFromAnswer(answer: unknown): NsmError {
  if (typeof answer === 'string' && Object.hasOwn(answers, answer)) {
    return new NsmError(answers[answer as keyof typeof answers], `the NSM answered ${answer}`);
  }
  return new NsmError('ERR_NSM_ANSWER', 'the NSM answered an error without a known name');
}
