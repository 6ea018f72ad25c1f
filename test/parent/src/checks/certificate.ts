import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import type { BootedParent } from '../parent';

/**
 * Tests that the parent requests a certificate, and that a replaced instance gets the kept one. Also tests what nginx shows without a
 * certificate. certbot and its protocol are real.
 */
export function certificate(parent: () => BootedParent): void {
  const https = () => {
    const { https: settings } = parent().settings;
    if (settings.by !== 'certbot') throw new TypeError('this stack has a balancer');
    return settings;
  };
  const sh = async (script: string) => (await parent().lines(script)).join('\n').trim();
  const aws = () => parent().world.aws;
  const issued = () => parent().world.issuer.issued();
  const kept = () =>
    JSON.parse(aws().secret(https().keptInSecret)) as Record<'directory' | 'fullchain' | 'privkey', string>;
  /** The command that prints serial and issuer of nginx's certificate. */
  const SHOWN = () =>
    `openssl s_client -connect 127.0.0.1:443 -servername ${https().domain} </dev/null 2>/dev/null | openssl x509 -noout -serial -issuer`;
  const keptSerial = () => sh(`openssl x509 -noout -serial <<'PEM'\n${kept().fullchain}\nPEM`);
  /** Brings the instance to the state of a new one: the installed files, but no certificate and no ACME account. */
  const replaceInstance = () =>
    sh(`systemctl stop communique-acme.timer communique-acme communique-kept-certificate communique-nginx communique-certificate
systemctl reset-failed communique-acme communique-kept-certificate 2>/dev/null || true
rm -rf /etc/communique/tls/* /var/lib/communique-acme/*
systemctl start communique-nginx`);
  /** Waits until neither certbot nor the unit that keeps the certificate runs. A oneshot service is `activating` while it runs. */
  const idle = () =>
    parent().until(
      "! systemctl list-jobs --no-legend | grep -E 'communique-(acme|kept)' && ! systemctl is-active communique-acme communique-kept-certificate | grep -E '^activ'",
    );
  /** Runs the check of the certificate, as its timer does. @returns the exit code */
  const look = async () => (await parent().sh('systemctl start communique-acme')).code;

  it('is requested by the first parent, shown by nginx and kept, and no other user can read its key', async () => {
    await parent().until(`[[ $(${SHOWN()}) == *Pebble* ]]`);
    while (!aws().secrets.has(https().keptInSecret)) await new Promise((wait) => setTimeout(wait, 100));
    expect(issued()).toBe(1);
    expect(await sh(SHOWN())).toContain(await keptSerial());
    expect(await sh('stat -c "%a %U:%G" /etc/communique/tls/privkey.pem')).toBe('640 root:communique-nginx');
    expect(await sh('cat /var/log/communique/communique-{acme,kept-certificate}.log')).not.toContain('PRIVATE KEY');
  });

  it('is the previous instance’s in nginx’s first answer, and no other is requested', async () => {
    const before = await sh(SHOWN());
    await replaceInstance();
    expect(await sh(SHOWN())).toBe(before);
    expect(await look()).toBe(0);
    expect([await sh(SHOWN()), issued()]).toEqual([before, 1]);
  });

  it('is not requested until AWS reports whether one is kept; nginx shows a self-signed one meanwhile', async () => {
    aws().refused.add('get-secret-value');
    await replaceInstance();
    expect(await sh(SHOWN())).toContain('issuer=CN = communique-tee');
    expect([await look(), issued()]).not.toContain(0);
    expect(issued()).toBe(1);
    expect(await sh('cat /var/log/communique/communique-acme.log')).toContain(
      'it is not known yet whether a certificate is kept, so none is requested',
    );
    aws().refused.delete('get-secret-value');
    const serial = await keptSerial();
    await parent().until(`[[ $(${SHOWN()}) == *${serial}* ]]`);
  });

  it('stays self-signed while the issuer is down, logs one line that the alarm counts, and is requested at a later check', async () => {
    await idle();
    aws().secrets.delete(https().keptInSecret);
    await parent().world.issuer.stop();
    await replaceInstance();
    const failures = () =>
      sh(
        `grep '"event":"service_ended"' /var/log/communique/communique-acme.log | jq -c 'select(.unit == "communique-acme.service" and .result != "success")' | wc -l`,
      );
    const before = Number(await failures());
    expect(await look()).not.toBe(0);
    expect(Number(await failures())).toBe(before + 1);
    expect(await sh(SHOWN())).toContain('issuer=CN = communique-tee');
    expect(await sh(`systemctl show communique-acme.timer --property=TimersMonotonic`)).toContain(
      'OnUnitActiveUSec=6h',
    );
    await parent().world.issuer.start();
    expect(await look()).toBe(0);
    await parent().until(`[[ $(${SHOWN()}) == *Pebble* ]]`);
    expect(issued()).toBe(2);
  });

  it.each([
    [
      'ends within a month',
      (value: Record<string, string>, short: { fullchain: string; privkey: string }) => ({ ...value, ...short }),
    ],
    [
      'is from another directory',
      (value: Record<string, string>) => ({ ...value, directory: 'https://acme.example.com/dir' }),
    ],
  ])('is replaced by a new one, which is kept, if the kept one %s', async (_name, change) => {
    await idle();
    while (!aws().secrets.has(https().keptInSecret)) await new Promise((wait) => setTimeout(wait, 100));
    const before = [await keptSerial(), issued()] as const;
    const made =
      await sh(`cd $(mktemp -d) && openssl ecparam -name prime256v1 -genkey -noout -out key.pem && openssl ecparam -name prime256v1 -genkey -noout -out ca.pem
openssl req -x509 -new -key ca.pem -subj /CN=an-issuer -days 90 -out ca-certificate.pem
openssl req -new -key key.pem -subj /CN=x -out request
openssl x509 -req -in request -CA ca-certificate.pem -CAkey ca.pem -CAcreateserial -days 20 -extfile <(echo subjectAltName=DNS:${https().domain}) -out short.pem 2>/dev/null
jq -n --rawfile fullchain short.pem --rawfile privkey key.pem '{$fullchain, $privkey}'`);
    aws().secrets.set(
      https().keptInSecret,
      JSON.stringify(change(kept(), JSON.parse(made) as { fullchain: string; privkey: string })),
    );
    await replaceInstance();
    expect(await look()).toBe(0);
    expect(issued()).toBe(before[1] + 1);
    await idle();
    expect(kept().directory).toBe(https().acmeDirectory);
    expect(await keptSerial()).not.toBe(before[0]);
    await parent().until(`[[ $(${SHOWN()}) == *${await keptSerial()}* ]]`);
  });

  it('can be revoked by the command in docs/operator/rotation.md on an instance that did not request it', async () => {
    await replaceInstance();
    const serial = (await keptSerial()).replace('serial=', '');
    expect(await sh('ls /var/lib/communique-acme')).not.toContain('letsencrypt');
    const page = await readFile(join(workspaceRoot(), 'docs/operator/rotation.md'), 'utf8');
    const command = /sudo (certbot revoke(?:.*\\\n)*.*)/.exec(page)?.[1] ?? 'the page has no such command';
    expect(command).toContain('--reason keyCompromise');
    const directory = https().acmeDirectory ?? '';
    await sh(`REQUESTS_CA_BUNDLE=/srv/world/issuer.pem ${command.replace('revoke', `revoke --server ${directory}`)}`);
    expect(await parent().world.issuer.status(serial)).toMatchObject({ Status: 'Revoked', Reason: 1 });
  });
}
