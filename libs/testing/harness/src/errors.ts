/** The codes of a failed setup of a test. */
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

/** A failed setup of a test. Its stable code distinguishes a missing tool from a tool that failed. */
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

/**
 * Returns a property of any thrown value. Does not use `instanceof Error`, because jest runs specs in a separate realm, with other error
 * classes than Node's.
 */
export function propertyOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? (Reflect.get(error, name) as unknown) : undefined;
}
