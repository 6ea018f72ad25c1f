import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The temporary credentials of the parent's role. */
export interface RoleCredentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
}

/** The instance metadata service, version 2: it answers only requests with a token, and gives tokens only for PUT. */
export class MetadataStandIn {
  /** If true, answers 403 to everything, as if the service were switched off. */
  refuses = false;
  readonly #tokens = new Set<string>();
  readonly #server: Server;

  private constructor(paths: ReadonlyMap<string, string>) {
    this.#server = createServer((request, response) => {
      const path = request.url ?? '';
      const end = (status: number, text = '') => {
        response.writeHead(status, { 'content-type': 'text/plain', server: 'EC2ws' });
        response.end(text);
      };
      if (this.refuses) return end(403);
      if (path === '/latest/api/token') {
        const seconds = request.headers['x-aws-ec2-metadata-token-ttl-seconds'];
        // AWS refuses requests that came through a proxy.
        if (request.method !== 'PUT' || request.headers['x-forwarded-for'] !== undefined) return end(405);
        if (typeof seconds !== 'string' || !/^[0-9]{1,5}$/.test(seconds)) return end(400);
        const token = randomBytes(40).toString('base64');
        this.#tokens.add(token);
        response.setHeader('x-aws-ec2-metadata-token-ttl-seconds', seconds);
        return end(200, token);
      }
      const token = request.headers['x-aws-ec2-metadata-token'];
      if (typeof token !== 'string' || !this.#tokens.has(token)) return end(401);
      const found = paths.get(path.replace(/\/$/, ''));
      if (found === undefined) return end(404);
      end(200, found);
    });
  }

  static async start(instance: string, credentials: RoleCredentials): Promise<MetadataStandIn> {
    const expires = new Date(Date.now() + 6 * 3600_000).toISOString().replace(/\.\d+Z$/, 'Z');
    const service = new MetadataStandIn(
      new Map([
        ['/latest/meta-data/instance-id', instance],
        ['/latest/meta-data/iam/security-credentials', 'parent'],
        [
          '/latest/meta-data/iam/security-credentials/parent',
          JSON.stringify({ Code: 'Success', Type: 'AWS-HMAC', ...credentials, Expiration: expires }),
        ],
      ]),
    );
    await new Promise<void>((done) => service.#server.listen(0, '127.0.0.1', done));
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
