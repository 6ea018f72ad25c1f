import Redis from 'ioredis';
import { judgeStoreUrl } from '../account/store-url';
import { fail, notInTime, pass, skip, warn, type Check, type Finding } from '../check';
import { codeOf, isCertificateCode, isUnreachable, messageOf, nameOf, ranOutOfTime } from '../error-code';

export const redis: Check = {
  name: 'redis',
  title: 'Redis (REDIS_URL) answers, is one primary and no cluster, and evicts nothing',
  group: 'stores',
  network: true,
  async run({ ports: { env }, signal }) {
    const url = env['REDIS_URL'] ?? '';
    if (url === '')
      return skip(
        'REDIS_URL is not set',
        'open a port-forwarding session of Session Manager (docs/operator/instances.md), set it and run --only redis',
      );
    const problem = judgeStoreUrl('redis', url, true);
    if (URL.parse(url) === null || problem?.found.startsWith('is not') === true)
      return fail(`REDIS_URL ${problem?.found ?? ''}`, problem?.todo ?? '');
    const findings = problem === undefined ? [] : [fail(`REDIS_URL ${problem.found}`, problem.todo)];
    let last: unknown;
    let client: Redis | undefined;
    const end = () => client?.disconnect();
    signal.addEventListener('abort', end);
    try {
      client = new Redis(url, {
        // Short, because an ended connection would otherwise keep the process alive for two seconds.
        disconnectTimeout: 100,
        lazyConnect: true,
        enableReadyCheck: false,
        retryStrategy: () => null,
        maxRetriesPerRequest: 0,
        // Longer than any --timeout, because ioredis would report the end of this limit as an unreachable server.
        connectTimeout: 400_000,
      });
      client.on('error', (error) => (last = error));
      await client.connect();
      // INFO, because managed servers do not allow CONFIG.
      return [...judge(await client.info()), ...findings];
    } catch (error) {
      return [explain(last ?? error), ...findings];
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  },
};

function judge(info: string): Finding[] {
  const fields = new Map(
    info.split(/\r?\n/).flatMap((line): [string, string][] => {
      const at = line.indexOf(':');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1).trim()]] : [];
    }),
  );
  const word = (name: string): string => /^[\w.-]{1,40}/.exec(fields.get(name) ?? '')?.[0] ?? 'unknown';
  const findings = [pass(`Redis ${word('redis_version')} answers`)];
  if (word('redis_mode') === 'cluster')
    findings.push(
      fail(
        'it is a cluster: the gateway’s scripts need all their keys on one server',
        'give one server, or a primary with replicas',
      ),
    );
  if (word('role') === 'slave')
    findings.push(fail('it is a replica: it takes no writes', 'give the address of the primary'));
  if (word('loading') === '1') findings.push(warn('it is still loading its data', 'run this again'));
  findings.push(eviction(word('maxmemory_policy')));
  return findings;
}

/** apps/gateway/src/features/budget/README.md and docs/operations.md explain what an eviction means. */
function eviction(policy: string): Finding {
  if (policy === 'noeviction') return pass('maxmemory-policy noeviction');
  if (policy === 'unknown') return warn('it does not tell its maxmemory-policy', 'check that it is noeviction');
  return warn(
    `maxmemory-policy ${policy}: under memory pressure a rate limit may begin its window again, and a cached full cap may disappear early. No money and no message is at risk: Redis can only refuse, PostgreSQL counts the caps, and a cached cap lives two seconds`,
    'set maxmemory-policy noeviction, or watch evicted_keys',
  );
}

function explain(error: unknown): Finding {
  const code = codeOf(error) ?? '';
  const said = messageOf(error);
  if (/^(NOAUTH|WRONGPASS|ERR (invalid password|AUTH))/.test(said))
    return fail('Redis does not take this password', 'look at REDIS_URL; for ElastiCache it is redisAuthToken');
  if (said.startsWith('NOPERM'))
    return fail('this user may not ask INFO', 'allow it @read, @write, @scripting, @connection and info');
  if (isCertificateCode(code))
    return fail(
      `the server’s certificate is not accepted (${code})`,
      'check that this is your server; NODE_EXTRA_CA_CERTS names further authorities',
    );
  if (ranOutOfTime(error)) return notInTime('Redis');
  if (isUnreachable(error))
    return fail(
      `Redis is not reachable from here (${code})`,
      'only a parent can reach a managed server or one on a parent, and a parent has no npm: open a port-forwarding session of Session Manager (docs/operator/instances.md)',
    );
  return fail(
    `Redis cannot be used (${nameOf(error)})`,
    'check that it is Redis, and that REDIS_URL is rediss:// if the server uses TLS, otherwise redis://',
  );
}
