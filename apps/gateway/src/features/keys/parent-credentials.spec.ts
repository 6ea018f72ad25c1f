import { Logger } from '../../core/telemetry/logger';
import { defaultChain, type FindCredentials, type FoundCredentials, ParentCredentials } from './parent-credentials';

const CANARY = 'xSesamex';
const NOW = Date.parse('2026-11-22T12:00:00Z');
const MINUTE = 60_000;

describe('credentials of the parent’s role', () => {
  let lines: string[];
  let asked: boolean[];
  let find: FindCredentials;
  let credentials: ParentCredentials;
  beforeEach(() => {
    lines = [];
    asked = [];
    credentials = new ParentCredentials(
      (options) => {
        asked.push(options.forceRefresh);
        return find(options);
      },
      new Logger({ log: { level: 'debug' } }, { write: (line) => void lines.push(line) }),
    );
  });
  const found = (over: Partial<FoundCredentials> = {}): FoundCredentials => ({
    accessKeyId: `AKID${CANARY}`,
    secretAccessKey: `secret${CANARY}`,
    sessionToken: `token${CANARY}`,
    expiration: new Date(NOW + 60 * MINUTE),
    ...over,
  });

  it('are requested once, and not again until ten minutes before they end', async () => {
    find = () => Promise.resolve(found());
    const given = {
      access_key_id: `AKID${CANARY}`,
      secret_access_key: `secret${CANARY}`,
      session_token: `token${CANARY}`,
      expires: NOW / 1000 + 3600,
    };
    expect(await Promise.all([credentials.current(NOW), credentials.current(NOW)])).toEqual([given, given]);
    expect(await credentials.current(NOW + 49 * MINUTE)).toEqual(given);
    expect(asked).toEqual([false]);
    // A new object, because by the monotonic clock the first one may not ask again yet
    const later = new ParentCredentials(
      (options) => {
        asked.push(options.forceRefresh);
        return find(options);
      },
      new Logger({ log: { level: 'silent' } }, { write: () => undefined }),
    );
    find = () => Promise.resolve(found({ expiration: new Date(NOW + 9 * MINUTE) }));
    await later.current(NOW);
    expect(asked).toEqual([false, false]);
    expect(await later.current(NOW + 8 * MINUTE)).toMatchObject({ expires: NOW / 1000 + 540 });
    expect(await later.current(NOW + 9 * MINUTE)).toBeNull();
  });

  it('are refreshed with forceRefresh; if that fails, the old ones stay in use until shortly before they expire', async () => {
    const clock = jest.spyOn(performance, 'now');
    try {
      clock.mockReturnValue(1_000_000);
      find = () => Promise.resolve(found());
      await credentials.current(NOW);
      clock.mockReturnValue(1_000_000 + 51 * MINUTE);
      find = () => Promise.resolve(found({ accessKeyId: 'AKIDNEXT', expiration: new Date(NOW + 120 * MINUTE) }));
      expect(await credentials.current(NOW + 51 * MINUTE)).toMatchObject({ access_key_id: 'AKIDNEXT' });
      expect(asked).toEqual([false, true]);
      clock.mockReturnValue(1_000_000 + 115 * MINUTE);
      find = () => Promise.reject(new Error(CANARY));
      expect(await credentials.current(NOW + 115 * MINUTE)).toMatchObject({ access_key_id: 'AKIDNEXT' });
      expect(await credentials.current(NOW + 119.6 * MINUTE)).toBeNull();
      expect(lines.join('')).not.toContain(CANARY);
    } finally {
      clock.mockRestore();
    }
  });

  it('without an expiration and a session token are returned with null for both', async () => {
    find = () => Promise.resolve({ accessKeyId: 'A', secretAccessKey: 'S' });
    expect(await credentials.current(NOW)).toEqual({
      access_key_id: 'A',
      secret_access_key: 'S',
      session_token: null,
      expires: null,
    });
  });

  it.each<[string, string, () => Promise<FoundCredentials>]>([
    [
      'an error',
      'credentials_unavailable',
      () => Promise.reject(Object.assign(new Error(CANARY), { name: CANARY, code: CANARY, stack: CANARY })),
    ],
    ['a thrown text instead of an error', 'credentials_unavailable', () => Promise.reject(CANARY as unknown as Error)],
    ['a line feed', 'credentials_invalid', () => Promise.resolve(found({ secretAccessKey: `a\n${CANARY}` }))],
    ['an empty access key id', 'credentials_invalid', () => Promise.resolve(found({ accessKeyId: '' }))],
    [
      'a token that is too long',
      'credentials_invalid',
      () => Promise.resolve(found({ sessionToken: CANARY.repeat(2000) })),
    ],
    ['an invalid end', 'credentials_invalid', () => Promise.resolve(found({ expiration: new Date(NaN) }))],
    [
      'numbers instead of texts',
      'credentials_invalid',
      () => Promise.resolve({ accessKeyId: 1, secretAccessKey: 2 } as unknown as FoundCredentials),
    ],
  ])('that come with %s are not used, and the log reports the code once', async (_name, code, broken) => {
    find = broken;
    expect([await credentials.current(NOW), await credentials.current(NOW)]).toEqual([null, null]);
    expect(asked).toHaveLength(1); // the provider is not asked again at once
    expect(lines.map((line) => (JSON.parse(line) as { code?: string }).code)).toEqual([code]);
    expect(lines.join('')).not.toContain(CANARY);
  });

  it('are found by the AWS SDK’s chain of providers', async () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'AKIDOFTHECHAIN',
      AWS_SECRET_ACCESS_KEY: 's',
      AWS_SESSION_TOKEN: 't',
    });
    try {
      expect(await defaultChain()({ forceRefresh: false })).toMatchObject({
        accessKeyId: 'AKIDOFTHECHAIN',
        secretAccessKey: 's',
        sessionToken: 't',
      });
    } finally {
      for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) {
        if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before[name];
      }
    }
  });
});
