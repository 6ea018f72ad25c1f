/** For each key of earlier versions, a line that says what replaces it. */
export const REPLACED_KEYS: Readonly<Record<string, string>> = {
  acmeEmail: 'is no longer a key: Let’s Encrypt gets alarmEmail; remove acmeEmail',
  redisAuthTokenVersion:
    'is no longer a key: the program notices a new redisAuthToken by itself; remove redisAuthTokenVersion',
};
