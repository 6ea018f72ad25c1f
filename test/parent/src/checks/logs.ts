import type { BootedParent } from '../parent';
import type { Sender } from '../sender';

/** Runs a command as the CloudWatch agent: with its user and group, and no other groups. */
const AS_AGENT = 'setpriv --reuid cwagent --regid cwagent --clear-groups';
const AS_NOBODY = 'setpriv --reuid nobody --regid nogroup --clear-groups';
/** A command that lists the files that the agent ships, by its rendered configuration. */
const PATHS = "jq -r '.logs.logs_collected.files.collect_list[].file_path' /etc/communique/cloudwatch-agent.json";

/** Checks who can read the log files, and that after a rotation they are readable and still written. */
export function logs(parent: () => BootedParent, sender: () => Sender): void {
  const lines = (script: string) => parent().lines(script);
  const unreadable = (who: string) =>
    lines(
      `${PATHS} | while read -r path; do ${who} cat "$path" >/dev/null 2>&1 || echo "$path: $(stat -c '%A %U:%G' "$path" 2>&1)"; done`,
    );

  it('include a file for every service, and the CloudWatch agent can read each', async () => {
    await sender().health();
    const paths = await lines(PATHS);
    const services = await lines(
      "systemctl list-units 'communique-*.service' --all --plain --no-legend | sed -E 's/^communique-([a-z-]+).*/\\1/' | sort -u",
    );
    for (const service of services) expect(paths).toContain(`/var/log/communique/communique-${service}.log`);
    expect(await unreadable(AS_AGENT)).toEqual([]);
  });

  it('are readable by no other user, and the agent can read no secret', async () => {
    const closed = (await lines(PATHS)).filter((path) => !path.includes('nitro_enclaves'));
    expect((await unreadable(AS_NOBODY)).map((line) => line.split(':')[0])).toEqual(closed);
    for (const path of [
      '/etc/communique/tls/privkey.pem',
      '/run/communique-secrets/gateway.env',
      '/run/communique-enclave-secrets/secrets.json',
    ])
      expect([path, (await parent().sh(`test -e ${path} && ${AS_AGENT} cat ${path}`)).stderr]).toEqual([
        path,
        expect.stringContaining('Permission denied'),
      ]);
  });

  it('are rotated every hour if they are large, and stay readable and written', async () => {
    await parent().until('systemctl is-active logrotate.timer');
    expect((await lines('systemctl show logrotate.timer --property=TimersCalendar')).join()).toContain('*-*-* *:00:00');
    await lines('logrotate /etc/logrotate.d/communique');
    expect(await lines("find /var/log/communique /var/log/communique-nginx -name '*.log.1*'")).toEqual([]);
    await lines(`${PATHS} | while read -r path; do [[ -s $path ]] || echo filled >> "$path"; done`);
    const { code, stderr } = await parent().sh('logrotate --force /etc/logrotate.d/communique');
    expect([code, stderr]).toEqual([0, '']);
    const rotated = (await lines(PATHS)).filter((path) => !path.includes('cloud-init'));
    expect(
      await lines(`for path in ${rotated.join(' ')}; do compgen -G "$path.1*" || echo "$path was not rotated"; done`),
    ).toEqual(rotated.map((path) => (path.includes('access.log') ? `${path}.1` : `${path}.1.gz`)));
    // nginx opens a new file. The gateway and the collector keep their files open and continue to write.
    const before = await lines('stat -c %s /var/log/communique-nginx/access.log.1');
    for (const log of ['communique-nginx/access.log', 'communique/communique-gateway.log']) {
      await sender().health();
      await parent().until(`[[ -s /var/log/${log} ]]`);
    }
    expect(Number((await lines('stat -c %s /var/log/communique-nginx/access.log.1'))[0])).toBeGreaterThanOrEqual(
      Number(before[0]),
    );
    expect(await unreadable(AS_AGENT)).toEqual([]);
  });

  it('lose no line of the enclave while they are rotated', async () => {
    await parent().world.hypervisor.killEnclave();
    await parent().until('grep -q enclave_listening /var/log/communique/communique-enclave-log.log');
    await parent().until('curl --silent --fail --output /dev/null http://127.0.0.1:3001/api/health/tee');
    expect((await sender().follow(await sender().post())).status).toBe('delivered');
    await parent().until('grep -q message_handled /var/log/communique/communique-enclave-log.log');
  });
}
