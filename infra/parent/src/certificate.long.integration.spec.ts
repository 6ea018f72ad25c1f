import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { describeBooted, type SystemFiles } from './testing/booted-system';
import { bootParent, STAND_INS } from './testing/booted-parent';
import { ON_PARENT } from './testing/example-settings';

const DOMAIN = 'communique.example.org';
const SECRET = `${STAND_INS}/secrets/communique-tee/dev/parent/certificate-AbCdEf`;
const ISSUED = `${STAND_INS}/pebble.log`;
const service = (name: string, command: string, ...more: string[]) => ({
  [`/etc/systemd/system/${name}.service`]: {
    content: `[Service]\nExecStart=${command}\nStandardOutput=append:${ISSUED}\nStandardError=inherit\n${more.join('\n')}\n`,
    mode: 0o644,
  },
});

/** Let's Encrypt's own test server, which asks nginx on port 80 as the real one does, and a DNS in which every name leads here. */
async function issuer(): Promise<SystemFiles> {
  await using folder = await temporaryFolder('pebble');
  const [key, certificate] = [join(folder.path, 'key.pem'), join(folder.path, 'certificate.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
    ].concat(['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate]),
    { stdio: 'pipe' },
  );
  const at = `${STAND_INS}/pebble`;
  return {
    [`${at}/key.pem`]: { content: await readFile(key), mode: 0o600 },
    [`${at}/certificate.pem`]: { content: await readFile(certificate), mode: 0o644 },
    [`${at}/config.json`]: {
      content: JSON.stringify({
        pebble: {
          listenAddress: '127.0.0.1:14000',
          managementListenAddress: '127.0.0.1:15000',
          certificate: `${at}/certificate.pem`,
          privateKey: `${at}/key.pem`,
          httpPort: 80,
          tlsPort: 443,
          ocspResponderURL: '',
          externalAccountBindingRequired: false,
        },
      }),
      mode: 0o644,
    },
    ...service(
      'pebble',
      `/usr/bin/pebble -config ${at}/config.json -dnsserver 127.0.0.1:8053`,
      'Environment=PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0',
    ),
    ...service(
      'pebble-dns',
      '/usr/bin/pebble-challtestsrv -defaultIPv4 127.0.0.1 -defaultIPv6 "" -http01 "" -https01 "" -tlsalpn01 ""',
    ),
    '/etc/systemd/system/communique-acme.service.d/90-stand-in.conf': {
      content: `[Service]\nEnvironment=REQUESTS_CA_BUNDLE=${at}/certificate.pem\n`,
      mode: 0o644,
    },
  };
}

describeBooted(
  'the certificate of Let’s Encrypt',
  () => {
    let parent: Awaited<ReturnType<typeof bootParent>>;
    const sh = async (script: string) => {
      const { code, stdout, stderr } = await parent.sh(script);
      if (code !== 0) throw new Error(`${script}: ${stdout}${stderr}`);
      return stdout.trim();
    };
    const issued = async () => Number(await sh(`grep -c 'Issued certificate serial' ${ISSUED} || true`));
    /** Serial and issuer of what nginx shows to a client. */
    const shown = () =>
      sh(
        `openssl s_client -connect 127.0.0.1:443 -servername ${DOMAIN} </dev/null 2>/dev/null | openssl x509 -noout -serial -issuer`,
      );
    const keptSerial = () => sh(`jq -r .fullchain ${SECRET} | openssl x509 -noout -serial`);
    /** What a new instance has: the files of its installation, and no state; what it can ask is AWS. */
    const replaceInstance = () =>
      sh(`systemctl stop communique-acme.timer communique-acme communique-kept-certificate communique-nginx communique-certificate
rm -rf /etc/communique/tls/* /var/lib/communique-acme/*
systemctl start communique-nginx`);

    beforeAll(async () => {
      parent = await bootParent(
        {
          ...ON_PARENT,
          https: {
            by: 'certbot',
            domain: DOMAIN,
            email: 'operations@example.org',
            acmeDirectory: 'https://localhost:14000/dir',
            keptInSecret:
              'arn:aws:secretsmanager:us-east-1:123456789012:secret:communique-tee/dev/parent/certificate-AbCdEf',
          },
        },
        await issuer(),
      );
      await sh('systemctl stop communique-acme.timer && systemctl start pebble pebble-dns');
      await parent.until('systemctl is-active communique-nginx');
      await parent.until('/usr/bin/curl --silent --insecure https://localhost:14000/dir');
      await sh(
        'systemctl stop communique-acme; systemctl reset-failed communique-acme; systemctl start communique-acme',
      );
      await parent.until(`test -s ${SECRET}`);
    });
    afterAll(() => (parent as typeof parent | undefined)?.[Symbol.asyncDispose]());

    it('is asked for where none is kept, and is kept', async () => {
      expect(await issued()).toBe(1);
      await parent.until(
        `[[ $(openssl s_client -connect 127.0.0.1:443 -servername ${DOMAIN} </dev/null 2>/dev/null | openssl x509 -noout -issuer) == *Pebble* ]]`,
      );
      expect(await shown()).toContain(await keptSerial());
      // No other user can read the key, in the folder or on the way to AWS.
      expect(await sh('stat -c "%a %U:%G" /etc/communique/tls/privkey.pem')).toBe('640 root:communique-nginx');
      expect(await sh('cat /var/log/communique/communique-{acme,kept-certificate}.log')).not.toContain('PRIVATE KEY');
    });

    it('is that of the instance before from nginx’s first answer on, and no other is asked for', async () => {
      const before = await shown();
      for (let n = 0; n < 2; n++) {
        await replaceInstance();
        expect(await shown()).toBe(before);
        await sh('systemctl start communique-acme');
      }
      expect([await shown(), await issued()]).toEqual([before, 1]);
    });

    it('is not asked for while AWS does not say whether one is kept; nginx answers with one of its own until then', async () => {
      await sh(`mkdir -p ${STAND_INS}/refused && touch ${STAND_INS}/refused/get-secret-value`);
      await replaceInstance();
      expect(await shown()).toContain('issuer=CN = communique-tee');
      expect((await parent.sh('systemctl start communique-acme')).code).not.toBe(0);
      expect(await issued()).toBe(1);
      expect(await sh('cat /var/log/communique/communique-acme.log')).toContain(
        'whether a certificate is kept is not known, so none is asked for',
      );
      expect(await sh('cat /var/log/communique/communique-kept-certificate.log')).toContain(
        'whether a certificate is kept cannot be told: An error occurred (UnauthorizedOperation)',
      );
      await sh(`rm ${STAND_INS}/refused/get-secret-value`);
      const kept = await keptSerial();
      await parent.until(
        `openssl s_client -connect 127.0.0.1:443 -servername ${DOMAIN} </dev/null 2>/dev/null | openssl x509 -noout -serial | grep -q ${kept}`,
      );
    });

    it('is asked for as soon as AWS says that none is kept, without waiting for the timer', async () => {
      const before = await issued();
      await sh(`touch ${STAND_INS}/refused/get-secret-value && rm ${SECRET}`);
      await replaceInstance();
      expect((await parent.sh('systemctl start communique-acme')).code).not.toBe(0);
      expect(await sh('systemctl is-active communique-acme.timer || true')).toBe('inactive');
      await sh(`rm ${STAND_INS}/refused/get-secret-value`);
      await parent.until(`test -s ${SECRET}`);
      expect(await issued()).toBe(before + 1);
      expect(await shown()).toContain(await keptSerial());
      await parent.until(
        '[[ $(systemctl is-active communique-acme communique-kept-certificate | sort -u) == inactive ]]',
      );
    });

    it.each([
      [
        'ends within a month',
        "jq --rawfile fullchain short.pem --rawfile privkey short-key.pem '.fullchain = $fullchain | .privkey = $privkey'",
      ],
      ['is from another directory', 'jq \'.directory = "https://acme.example.org/dir"\''],
    ])('is replaced, and the new one kept, where the kept one %s', async (_name, change) => {
      const before = [await keptSerial(), await issued()] as const;
      await sh(`cd /tmp && openssl ecparam -name prime256v1 -genkey -noout -out short-key.pem && openssl ecparam -name prime256v1 -genkey -noout -out ca.pem
openssl req -x509 -new -key ca.pem -subj /CN=an-issuer -days 90 -out ca-certificate.pem
openssl req -new -key short-key.pem -subj /CN=x -out short.csr
openssl x509 -req -in short.csr -CA ca-certificate.pem -CAkey ca.pem -CAcreateserial -days 20 -extfile <(echo subjectAltName=DNS:${DOMAIN}) -out short.pem 2>/dev/null
${change} < ${SECRET} > changed && cp changed ${SECRET}`);
      await replaceInstance();
      await sh('systemctl start communique-acme');
      expect(await issued()).toBe(before[1] + 1);
      await parent.until(
        `jq -r .fullchain ${SECRET} | openssl x509 -noout -issuer | grep -q Pebble && [[ $(jq -r .directory ${SECRET}) == https://localhost:14000/dir ]] && cmp <(jq -r .fullchain ${SECRET}) <(cat /etc/communique/tls/fullchain.pem; echo)`,
      );
      expect(await keptSerial()).not.toBe(before[0]);
      expect(await shown()).toContain(await keptSerial());
    });

    it('is revoked by the command of docs/operator/rotation.md, though this instance did not ask for it', async () => {
      await replaceInstance();
      const serial = (await keptSerial()).replace('serial=', '');
      expect(await sh('ls /var/lib/communique-acme')).not.toContain('letsencrypt');
      const page = await readFile(join(workspaceRoot(), 'docs/operator/rotation.md'), 'utf8');
      const command = /sudo (certbot revoke(?:.*\\\n)*.*)/.exec(page)?.[1];
      expect(command).toContain('--reason keyCompromise');
      const at = `${STAND_INS}/pebble/certificate.pem`;
      await sh(`REQUESTS_CA_BUNDLE=${at} ${command!.replace('revoke', 'revoke --server https://localhost:14000/dir')}`);
      expect(
        JSON.parse(
          await sh(`/usr/bin/curl --silent --insecure https://localhost:15000/cert-status-by-serial/${serial}`),
        ),
      ).toMatchObject({ Status: 'Revoked', Reason: 1 });
    });
  },
  ['certbot', 'pebble'],
);
