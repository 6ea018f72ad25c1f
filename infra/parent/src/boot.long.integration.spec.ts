import { describeBooted } from './testing/booted-system';
import { bootParent, STAND_INS } from './testing/booted-parent';
import { ON_PARENT } from './testing/example-settings';

/** As the agent of CloudWatch reads: by its user and its own group, without any further group. */
const AS_AGENT = 'setpriv --reuid cwagent --regid cwagent --clear-groups';
const AS_ANYBODY = 'setpriv --reuid nobody --regid nogroup --clear-groups';

/** Gets a certificate of an authority at once; certificate.long.integration.spec.ts has the real one. */
const CERTBOT = `#!/bin/bash
set -eu
live=/var/lib/communique-acme/letsencrypt/live/communique.example.org
mkdir -p $live
cd $live
for key in authority privkey; do openssl ecparam -name prime256v1 -genkey -noout -out $key.pem; done
openssl req -x509 -new -key authority.pem -subj /CN=authority -days 90 -out authority-certificate.pem
openssl req -new -key privkey.pem -subj /CN=x -out request
openssl x509 -req -in request -CA authority-certificate.pem -CAkey authority.pem -CAcreateserial -days 90 -extfile <(echo subjectAltName=DNS:communique.example.org) -out fullchain.pem 2>/dev/null
`;

describeBooted(
  'a parent under systemd',
  () => {
    let parent: Awaited<ReturnType<typeof bootParent>>;
    beforeAll(async () => {
      parent = await bootParent(
        {
          ...ON_PARENT,
          redis: { at: 'external' },
          secrets: { REDIS_URL: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:communique/redis-AbCdEf' },
        },
        {
          [`${STAND_INS}/secrets/communique/redis-AbCdEf`]: { content: 'rediss://:key@redis.example.org', mode: 0o644 },
          '/usr/local/bin/certbot': { content: CERTBOT, mode: 0o755 },
        },
      );
      await parent.until(active('gateway', 'nginx', 'postgresql', 'enclave', 'egress@8001'));
    });
    afterAll(() => (parent as typeof parent | undefined)?.[Symbol.asyncDispose]());
    /** True where each of them is active; `is-active` with several names is content with one. */
    const active = (...services: string[]) =>
      services.map((name) => `systemctl is-active --quiet communique-${name}.service`).join(' && ');
    const lines = async (script: string) => {
      const { code, stdout, stderr } = await parent.sh(script);
      if (code !== 0) throw new Error(`${script}: ${stdout}${stderr}`);
      return stdout.split('\n').filter((line) => line !== '');
    };
    const REQUEST =
      'curl --silent --insecure --output /dev/null --resolve communique.example.org:443:127.0.0.1 https://communique.example.org/health';

    it('starts every service of the target', async () => {
      await parent.until(
        'systemctl is-active communique.target && ! systemctl list-jobs --no-legend | grep communique',
      );
      expect(await lines("systemctl list-units 'communique*' --state=failed --plain --no-legend")).toEqual([]);
    });

    describe('logs', () => {
      const PATHS = "jq -r '.logs.logs_collected.files.collect_list[].file_path' /etc/communique/cloudwatch-agent.json";
      const unreadable = (who: string) =>
        lines(
          `${PATHS} | while read -r path; do ${who} cat "$path" >/dev/null 2>&1 || echo "$path: $(stat -c '%A %U:%G' "$path" 2>&1)"; done`,
        );

      it('are all readable by the agent of CloudWatch, as the services that write them made them', async () => {
        await lines(REQUEST);
        expect((await lines(PATHS)).length).toBeGreaterThanOrEqual(19);
        expect(await unreadable(AS_AGENT)).toEqual([]);
      });

      it('are readable by nobody else; nor is a secret by the agent', async () => {
        const open = (await lines(PATHS)).filter((path) => !path.includes('nitro_enclaves'));
        expect((await unreadable(AS_ANYBODY)).map((line) => line.split(':')[0])).toEqual(open);
        for (const path of [
          '/etc/communique/tls/privkey.pem',
          '/run/communique-secrets/gateway.env',
          '/run/communique-enclave-secrets/secrets.json',
        ])
          expect([path, (await parent.sh(`test -e ${path} && ${AS_AGENT} cat ${path}`)).stderr]).toEqual([
            path,
            expect.stringContaining('Permission denied'),
          ]);
      });

      it('are all rotated every hour, go on being written, and stay readable', async () => {
        await parent.until('systemctl is-active logrotate.timer');
        expect((await lines('systemctl show logrotate.timer --property=TimersCalendar')).join()).toContain(
          '*-*-* *:00:00',
        );
        // None is rotated below its size.
        await lines('logrotate /etc/logrotate.d/communique');
        expect(await lines("find /var/log -name '*.log.1*'")).toEqual([]);
        await lines('systemctl stop communique-attested.service communique-acme.timer');
        await lines(`${PATHS} | while read -r path; do [[ -s $path ]] || echo filled >> "$path"; done`);
        const { code, stderr } = await parent.sh('logrotate --force /etc/logrotate.d/communique');
        expect([code, stderr]).toEqual([0, '']);
        const rotated = (await lines(PATHS)).filter((path) => !path.includes('cloud-init'));
        expect(
          await lines(
            `for path in ${rotated.join(' ')}; do compgen -G "$path.1*" || echo "$path was not rotated"; done`,
          ),
        ).toEqual(rotated.map((path) => (path.includes('access.log') ? `${path}.1` : `${path}.1.gz`)));
        // nginx and systemd write into the new file.
        const before = Number((await lines('stat -c %s /var/log/communique-nginx/access.log.1'))[0]);
        await parent.until(`${REQUEST}; [[ -s /var/log/communique-nginx/access.log ]]`);
        expect(Number((await lines('stat -c %s /var/log/communique-nginx/access.log.1'))[0])).toBeGreaterThanOrEqual(
          before,
        );
        await lines('systemctl restart communique-gateway.service');
        await parent.until('grep -q started /var/log/communique/communique-gateway.log');
        expect(await unreadable(AS_AGENT)).toEqual([]);
        expect(await unreadable(AS_ANYBODY)).toHaveLength((await lines(PATHS)).length - 1);
      });
    });

    describe('when a unit fails that others require', () => {
      it.each([
        ['the data volume', 'data-volume', 'refused/describe-volumes'],
        ['the secrets', 'secrets', 'refused/get-secret-value'],
      ])('%s: everything that was given up starts once it has succeeded after all', async (_name, service, refusal) => {
        await lines(`mkdir -p ${STAND_INS}/refused && touch ${STAND_INS}/${refusal}`);
        await parent.sh(`systemctl restart communique-${service}.service`);
        await parent.until('[[ $(systemctl is-active communique-gateway.service) =~ ^(inactive|failed)$ ]]');
        await lines(`rm ${STAND_INS}/${refusal}`);
        await parent.until(
          `systemctl is-active --quiet srv-communique.mount && ${active('data-volume', 'postgresql', 'secrets', 'migrate', 'gateway')}`,
        );
      });
    });

    it('lets report-attested read which secrets wait for the operator, and goes on once they are filled', async () => {
      const secret = `${STAND_INS}/secrets/communique/redis-AbCdEf`;
      const awaited =
        'setpriv --reuid communique-aws --regid communique-aws --clear-groups cat /run/communique/awaited-secrets';
      await lines(`mv ${secret} /tmp/secret`);
      await parent.sh('systemctl restart communique-secrets.service');
      expect(await lines(awaited)).toEqual(['REDIS_URL']);
      await lines(`mv /tmp/secret ${secret}`);
      await parent.until(`${active('secrets', 'migrate', 'gateway')} && ! ${awaited}`);
    });
  },
  ['nginx', 'logrotate', 'jq'],
);
