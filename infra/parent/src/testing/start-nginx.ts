import { execFile } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, spawnService, type Service } from '@communique-tee/testing/harness';
import { renderParentFiles } from '../render-parent-files';
import type { ParentSettings } from '../settings';
import { stage } from './stage';

/** Folders that nginx's configuration names. In tests they are below `root`. */
const FOLDERS = [
  '/etc/communique/',
  '/run/communique-nginx/',
  '/var/cache/communique-nginx/',
  '/var/log/communique-nginx/',
  '/var/lib/communique-acme',
];

export interface StagedNginx {
  readonly configuration: string;
  readonly httpsPort: number;
  readonly httpPort: number;
  readonly root: string;
  /** The path of the test certificate (PEM). */
  readonly certificate: string;
  start(): Promise<Service>;
}

/** Writes the rendered configuration of nginx, with free ports and with folders below `root`. */
export async function stageNginx(settings: ParentSettings, root: string): Promise<StagedNginx> {
  const [httpsPort, httpPort] = [await freePort(), await freePort()];
  const moved = (text: string) =>
    FOLDERS.reduce(
      (rest, folder) => rest.replaceAll(folder, join(root, folder) + (folder.endsWith('/') ? '/' : '')),
      text,
    )
      .replaceAll(/^ *listen \[::\].*\n/gm, '')
      .replaceAll(/listen 443\b/g, `listen 127.0.0.1:${String(httpsPort)}`)
      .replaceAll(/listen 80\b/g, `listen 127.0.0.1:${String(httpPort)}`);
  const files = Object.entries(renderParentFiles(settings)).filter(([path]) =>
    path.startsWith('/etc/communique/nginx/'),
  );
  await stage(Object.fromEntries(files.map(([path, file]) => [path, { ...file, content: moved(file.content) }])), root);
  for (const folder of [...FOLDERS, '/etc/communique/tls', '/var/lib/communique-acme/.well-known/acme-challenge'])
    await mkdir(join(root, folder), { recursive: true });
  await chmod(root, 0o755);
  const tls = join(root, 'etc/communique/tls');
  const name = settings.https.by === 'certbot' ? settings.https.domain : 'communique.internal';
  await promisify(execFile)('openssl', [
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
    '/CN=communique-tee',
    '-addext',
    `subjectAltName=DNS:${name}`,
    '-keyout',
    join(tls, 'privkey.pem'),
    '-out',
    join(tls, 'fullchain.pem'),
  ]);
  const configuration = join(root, 'etc/communique/nginx/nginx.conf');
  return {
    configuration,
    httpsPort,
    httpPort,
    root,
    certificate: join(tls, 'fullchain.pem'),
    start: () =>
      spawnService({
        command: 'nginx',
        // Otherwise a stop would wait for open connections.
        args: ['-c', configuration, '-e', 'stderr', '-g', 'worker_shutdown_timeout 1s;'],
        env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
        readyWhen: async () =>
          fetch(`http://127.0.0.1:${String(httpPort)}/`, { redirect: 'manual' }).then(
            () => true,
            async () => listens(httpsPort),
          ),
        stopSignal: 'SIGTERM',
      }),
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => {
      done(false);
    });
  });
}
