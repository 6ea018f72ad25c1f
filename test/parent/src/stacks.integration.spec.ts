import { outOfOrder } from './checks/first-boot';
import { startParent, type BootedParent } from './parent';
import { say } from './say';

/**
 * The parents whose databases AWS manages. There is no RDS and no ElastiCache here, so no gateway starts, and the tests cover the boot up
 * to that point. test/e2e/src/rehearsal tests a gateway with a database on another machine.
 */
describe.each(['staging', 'prod'])('the parent of %s, booted from its user data', (stack) => {
  let booted: BootedParent | undefined;
  const parent = () => {
    if (booted === undefined) throw new Error('the parent did not boot');
    return booted;
  };
  beforeAll(async () => {
    booted = await startParent(stack, say);
  }, 600_000);
  afterAll(() => booted?.stop());

  it('has units in which systemd finds no fault', async () => {
    const { code, stdout, stderr } = await parent().sh(
      'systemd-analyze verify --man=no /etc/systemd/system/communique*.{service,target,timer,path} 2>&1 | grep communique || true',
    );
    expect([code, stdout, stderr]).toEqual([0, '', '']);
  });

  it('has no units for databases that are not on the parent', async () => {
    const units = await parent().lines("systemctl list-unit-files 'communique*' --plain --no-legend | cut -d' ' -f1");
    for (const name of ['postgresql', 'redis', 'data-volume'])
      expect(units).not.toContain(`communique-${name}.service`);
    expect(units).toContain('communique-gateway.service');
  });

  it('starts enclave and nginx in order while it waits for the secrets of its databases, and keeps the launch hook open', async () => {
    await parent().until('grep -q launch_waits_for_secrets /var/log/communique/communique-attested.log');
    const awaited =
      'setpriv --reuid communique-aws --regid communique-aws --clear-groups cat /run/communique/awaited-secrets';
    expect((await parent().lines(awaited)).sort()).toEqual(['DATABASE_URL', 'REDIS_URL']);
    expect(parent().world.aws.asked).toContain('record-lifecycle-action-heartbeat');
    await parent().until(
      'systemctl is-active --quiet communique-nginx && systemctl is-active --quiet communique-enclave && systemctl is-active --quiet communique-egress@8003',
    );
    expect(
      await outOfOrder(parent(), [
        ['nitro-enclaves-allocator.service', 'communique-enclave-memory.service'],
        ['communique-enclave-memory.service', 'communique-enclave.service'],
        ['communique-image.service', 'communique-enclave.service'],
        ['communique-enclave-log.service', 'communique-enclave.service'],
        ['communique-certificate.service', 'communique-nginx.service'],
      ]),
    ).toEqual([]);
    expect(await parent().lines("journalctl --boot --no-pager | grep -i 'ordering cycle' || true")).toEqual([]);
  });

  it('starts the migrations once the secrets exist, and logs the database that they cannot reach', async () => {
    const { database, redis, https } = parent().settings;
    if (database.at !== 'managed' || redis.at !== 'managed' || https.by !== 'certbot')
      throw new TypeError('this stack has its databases on the parent, or a load balancer');
    parent().world.aws.secrets.set(
      database.secretArn,
      JSON.stringify({ username: 'communique', password: 'p@ss word' }),
    );
    parent().world.aws.secrets.set(redis.secretArn, 'a-token-of-redis');
    await parent().until('grep -q "secrets: DATABASE_URL, REDIS_URL" /var/log/communique/communique-secrets.log');
    await parent().until('grep -q \'"event":"not_migrated"\' /var/log/communique/communique-migrate.log');
    expect((await parent().lines('systemctl is-active communique-gateway || true')).join()).not.toBe('active');
    expect(
      await parent().lines(
        `curl --silent --insecure --output /dev/null --write-out '%{http_code}' --resolve ${https.domain}:443:127.0.0.1 https://${https.domain}/health; grep -rl 'p@ss word' /var/log || true`,
      ),
    ).toEqual(['503']);
  });
});
