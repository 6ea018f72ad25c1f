import { freePort, spawnService, temporaryFolder } from '@communique-tee/testing/harness';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled } from '../process/run-part';

/** Starts nginx with one worker that forwards everything to a port. Returns undefined if nginx is not installed. */
export async function startNginx(
  targetPort: number,
): Promise<{ readonly url: string; stop(): Promise<void> } | undefined> {
  if (!isInstalled('nginx')) return undefined;
  const folder = await temporaryFolder('bench-nginx');
  const port = await freePort();
  const file = join(folder.path, 'nginx.conf');
  // The buffers in memory are so large that nginx writes no body to disk.
  writeFileSync(
    file,
    `daemon off; pid ${folder.path}/nginx.pid; error_log stderr; worker_processes 1;
events { worker_connections 512; }
http {
  access_log off; keepalive_requests 100000000;
  client_body_temp_path ${folder.path}/body; proxy_temp_path ${folder.path}/proxy; fastcgi_temp_path ${folder.path}/f; uwsgi_temp_path ${folder.path}/u; scgi_temp_path ${folder.path}/s;
  client_max_body_size 1m; client_body_buffer_size 512k; proxy_buffers 16 32k; proxy_buffer_size 32k;
  upstream target { server 127.0.0.1:${String(targetPort)}; keepalive 64; keepalive_requests 100000000; }
  server { listen 127.0.0.1:${String(port)}; location / { proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection ""; } }
}
`,
  );
  const url = `http://127.0.0.1:${String(port)}`;
  try {
    const nginx = await spawnService({
      command: 'nginx',
      args: ['-e', 'stderr', '-c', file],
      readyWhen: async () => (await fetch(url).catch(() => undefined)) !== undefined,
    });
    return {
      url,
      async stop() {
        await nginx.stop();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}
