export type NsmMockErrorCode =
  /** NODE_ENV is production */
  | 'ERR_NSM_MOCK_PRODUCTION'
  /** the files of the development root are damaged, or the root's time is over */
  | 'ERR_NSM_MOCK_ROOT'
  /** an option is out of range */
  | 'ERR_NSM_MOCK_OPTIONS';

export class NsmMockError extends Error {
  override readonly name = 'NsmMockError';
  readonly code: NsmMockErrorCode;

  constructor(code: NsmMockErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
