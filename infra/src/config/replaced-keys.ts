/** For each key of earlier versions, a line that says what replaces it. */
export const REPLACED_KEYS: Readonly<Record<string, string>> = {
  acmeEmail: 'is no longer a key: Let’s Encrypt has alarmEmail; remove it',
  redisAuthTokenVersion: 'is no longer a key: the program notices another redisAuthToken by itself; remove it',
};
