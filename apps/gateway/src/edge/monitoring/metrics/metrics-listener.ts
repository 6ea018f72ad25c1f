import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../../core/config/gateway-config';
import { Logger } from '../../../core/telemetry/logger';
import { MetricsReader } from './metrics-reader';

const TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 32;

/** Serves `GET /metrics` on its own port, so that the public port never has this route. Answers until the end of a shutdown. */
@Injectable()
export class MetricsListener implements OnApplicationBootstrap, OnApplicationShutdown {
  private server: Server | undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'metrics'>,
    private readonly reader: MetricsReader,
    private readonly logger: Logger,
  ) {}

  /** @throws the error of `listen` (EADDRINUSE, EACCES), so that the gateway does not start */
  async onApplicationBootstrap(): Promise<void> {
    const { listen } = this.config.metrics;
    if (listen === undefined) return;
    const server = createServer(
      { requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS },
      (request, response) => void this.answer(request, response),
    );
    server.maxConnections = MAX_CONNECTIONS;
    server.listen(listen.port, listen.host);
    await once(server, 'listening');
    server.unref();
    this.server = server;
    this.logger.info({ host: listen.host, port: this.port ?? listen.port }, 'metrics listening');
  }

  /** Undefined until the listener is ready. */
  get port(): number | undefined {
    const address = this.server?.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  }

  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }

  private async answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    if (url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end();
    } else if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
    } else {
      try {
        const { contentType, body } = await this.reader.text();
        response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
      } catch (error) {
        this.logger.error({ err: error }, 'metrics could not be read');
        response.writeHead(500).end();
      }
    }
  }
}
