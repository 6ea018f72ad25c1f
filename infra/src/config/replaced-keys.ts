/** Keys of earlier versions: one line each, with what replaces them. */
export const REPLACED_KEYS: Readonly<Record<string, string>> = {
  acmeEmail: 'is no longer a key: Let’s Encrypt has alarmEmail; remove it',
  redisAuthTokenVersion: 'is no longer a key: the program notices another redisAuthToken by itself; remove it',
};
