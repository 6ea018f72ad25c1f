export type SupportErrorCode =
  | 'POSTGRES_UNAVAILABLE'
  | 'POSTGRES_USER_MISSING'
  | 'POSTGRES_FOLDER_UNUSABLE'
  | 'POSTGRES_FOLDER_IN_USE'
  | 'POSTGRES_START_FAILED'
  | 'POSTGRES_NOT_OWNED'
  | 'REDIS_UNAVAILABLE'
  | 'REDIS_START_FAILED'
  | 'REDIS_NOT_OWNED'
  | 'MIGRATION_FAILED'
  | 'SERVICE_NOT_READY'
  | 'WORKSPACE_NOT_FOUND';

/** The setup of a test failed. The stable code distinguishes a missing tool from a tool that failed. */
export class SupportError extends Error {
  override readonly name = 'SupportError';

  constructor(
    readonly code: SupportErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${message}`, options);
  }
}

/** Returns a property of any thrown value. */
export function propertyOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? (Reflect.get(error, name) as unknown) : undefined;
}
