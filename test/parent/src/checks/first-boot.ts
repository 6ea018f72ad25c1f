import { packagesOf } from '@communique-tee/parent-files/user-data';
import type { BootedParent } from '../parent';
import { INSTANCE } from '../world/world';

/** In each pair, `then` starts only after `first` is active. A oneshot service is active once it has ended. */
const ORDER: readonly (readonly [first: string, then: string])[] = [
  ['nitro-enclaves-allocator.service', 'communique-enclave-memory.service'],
  ['communique-enclave-memory.service', 'communique-enclave.service'],
  ['communique-image.service', 'communique-enclave.service'],
  ['communique-enclave-log.service', 'communique-enclave.service'],
  ['communique-data-volume.service', 'srv-communique.mount'],
  ['srv-communique.mount', 'communique-postgresql.service'],
  ['communique-postgresql.service', 'communique-migrate.service'],
  ['communique-secrets.service', 'communique-migrate.service'],
  ['communique-migrate.service', 'communique-gateway.service'],
  ['communique-enclave.service', 'communique-gateway.service'],
  ['communique-redis.service', 'communique-gateway.service'],
  ['communique-certificate.service', 'communique-nginx.service'],
  ['communique-gateway.service', 'communique-nginx.service'],
  ['communique-nginx.service', 'communique-acme.service'],
];

/** Compares the order in which systemd started the units of the last boot with `order`. @returns each pair that started in another order */
export async function outOfOrder({ lines }: BootedParent, order = ORDER): Promise<string[]> {
  const wrong: string[] = [];
  for (const [first, then] of order) {
    const [ready = NaN] = (await lines(`systemctl show --property=ActiveEnterTimestampMonotonic --value ${first}`)).map(
      Number,
    );
    const [started = NaN] = (
      await lines(`systemctl show --property=InactiveExitTimestampMonotonic --value ${then}`)
    ).map(Number);
    if (!(ready > 0 && started >= ready))
      wrong.push(`${then} started at ${String(started)} and ${first} was ready at ${String(ready)}`);
  }
  return wrong;
}

/** Waits until every target of ours is active and no job of ours is queued. Expects no failed unit. */
export async function inService(parent: BootedParent): Promise<void> {
  await parent.until(
    'systemctl is-active --quiet communique.target && systemctl is-active --quiet communique-address.target && ! systemctl list-jobs --no-legend | grep communique',
  );
  expect(await parent.lines('systemctl list-units --state=failed --plain --no-legend')).toEqual([]);
}

/** Checks the first boot of the dev stack's user data. */
export function firstBoot(parent: () => BootedParent): void {
  it('runs the whole user data: cloud-init reports no error, and dnf installed exactly the listed packages', async () => {
    const { lines, settings } = parent();
    expect((await lines('cloud-init status --wait')).at(-1)).toBe('status: done');
    expect(await lines('cat /srv/installed-packages')).toEqual(packagesOf(settings));
    expect(await lines('cloud-init schema --system')).toEqual(['Valid cloud-config: system userdata']);
    expect(await lines('grep Traceback /var/log/cloud-init.log /var/log/cloud-init-output.log || true')).toEqual([]);
  });

  it('takes the Elastic IP once its enclave is attested, and then sends CONTINUE to the scaling group', async () => {
    const { until, world } = parent();
    await until('grep -q launch_completed /var/log/communique/communique-attested.log');
    expect([world.aws.addressHolder, world.aws.lifecycleState]).toEqual([INSTANCE, 'InService']);
    expect(world.aws.asked.indexOf('associate-address')).toBeLessThan(
      world.aws.asked.indexOf('complete-lifecycle-action'),
    );
    await inService(parent());
  });

  it('starts every unit after the units that it needs, and finds no cycle', async () => {
    await inService(parent());
    expect(await outOfOrder(parent())).toEqual([]);
    // The proxies to the chambers start only once the Elastic IP is attached; the proxy to KMS starts before that.
    expect(await outOfOrder(parent(), [['communique-egress@8003.service', 'communique-egress@8001.service']])).toEqual(
      [],
    );
    expect(await parent().lines("journalctl --boot --no-pager | grep -i 'ordering cycle' || true")).toEqual([]);
  });

  it('lets only the units that need credentials reach the metadata service', async () => {
    const answer = async (unit: string) => {
      const [code] = await parent().lines(
        `bash -c 'echo $$ > "/sys/fs/cgroup/system.slice/${unit}/cgroup.procs"; curl --silent --max-time 2 --output /dev/null --write-out "%{http_code}" http://169.254.169.254/latest/meta-data/ || true'`,
      );
      return code;
    };
    // 401: the service was reached, and refused a request without a token. 000: it was not reached.
    expect([await answer('communique-gateway.service'), await answer('communique-address.service')]).toEqual([
      '401',
      '401',
    ]);
    expect([
      await answer('communique-nginx.service'),
      await answer('system-communique\\x2degress.slice/communique-egress@8001.service'),
    ]).toEqual(['000', '000']);
  });
}
