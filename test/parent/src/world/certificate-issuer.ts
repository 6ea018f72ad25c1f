import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Agent, fetch } from 'undici';
import { freePort, spawnService, type Service, type TemporaryFolder } from '@communique-tee/testing/harness';

/** Let's Encrypt's test server (pebble), with a DNS server that resolves every name to the parent. */
export interface CertificateIssuer {
  /** The self-signed certificate of the issuer's HTTPS server, in PEM. */
  readonly authorityPem: string;
  /** Returns the root of the issued certificates, in PEM. The issuer makes a new one at each start. */
  root(): Promise<string>;
  /** Returns the issuer's status of a certificate. @param serial hexadecimal */
  status(serial: string): Promise<Record<string, unknown>>;
  issued(): number;
  /** Stops the issuer until `start` is called. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/**
 * @param host the name by which the parent reaches the issuer
 * @param port the port of the issuer's directory, on the test's loopback
 * @param validationPort the port on the test's loopback at which the issuer fetches the token of a challenge
 */
export async function startIssuer(
  folder: TemporaryFolder,
  host: string,
  port: number,
  validationPort: number,
): Promise<CertificateIssuer> {
  const { key, certificate } = await certificateOf(folder, host);
  const [managementPort, dnsPort, dnsManagementPort] = [await freePort(), await freePort(), await freePort()];
  const config = folder.file('issuer.json');
  await writeFile(
    config,
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${String(port)}`,
        managementListenAddress: `127.0.0.1:${String(managementPort)}`,
        certificate,
        privateKey: key,
        httpPort: validationPort,
        tlsPort: validationPort,
        ocspResponderURL: '',
        externalAccountBindingRequired: false,
      },
    }),
  );
  let issuedBefore = 0;
  let services: Service[] = [];
  const count = () => (services[1]?.output() ?? '').split('Issued certificate serial').length - 1;
  const start = async () => {
    services = [
      await spawnService({
        command: 'pebble-challtestsrv',
        args: [
          ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-dns01', `127.0.0.1:${String(dnsPort)}`],
          ...['-management', `127.0.0.1:${String(dnsManagementPort)}`, '-http01', '', '-https01', '', '-tlsalpn01', ''],
        ],
      }),
      await spawnService({
        command: 'pebble',
        args: ['-config', config, '-dnsserver', `127.0.0.1:${String(dnsPort)}`],
        env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' },
        readyWhen: /ACME directory available/,
      }),
    ];
  };
  await start();
  const authorityPem = await readFile(certificate, 'utf8');
  const ask = async (path: string): Promise<string> => {
    const dispatcher = new Agent({ connect: { ca: authorityPem } });
    try {
      return await (await fetch(`https://localhost:${String(managementPort)}${path}`, { dispatcher })).text();
    } finally {
      await dispatcher.close();
    }
  };
  return {
    root: async () => (await ask('/roots/0')).trim(),
    status: async (serial) => JSON.parse(await ask(`/cert-status-by-serial/${serial}`)) as Record<string, unknown>,
    authorityPem,
    issued: () => issuedBefore + count(),
    start,
    async stop() {
      issuedBefore += count();
      for (const service of services.splice(0)) await service.stop();
    },
  };
}

/** Makes a self-signed certificate for a server of the test. @returns the paths of its files */
export async function certificateOf(
  folder: TemporaryFolder,
  host: string,
): Promise<{ readonly key: string; readonly certificate: string }> {
  const [key, certificate] = [folder.file(`${host}-key.pem`), folder.file(`${host}.pem`)];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=world', '-addext', `subjectAltName=DNS:${host},DNS:localhost`],
    ...['-keyout', key, '-out', certificate],
  ]);
  return { key, certificate };
}
