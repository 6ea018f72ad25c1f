import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module';
import type { GatewayConfig } from './core/config/gateway-config';
import { configureServer } from './edge/http/configure-server';
import { serveOpenApi } from './edge/openapi/serve';
import { createHttpAdapter } from './edge/http/server';
import { Logger } from './core/telemetry/logger';
import { HttpMetrics } from './edge/http/http-metrics';
import { NestLogger } from './core/telemetry/nest-logger';

/** Creates the whole gateway, which does not listen yet. Close it with `close()`. */
export async function createApp(config: GatewayConfig): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.of(config), createHttpAdapter(config), {
    bodyParser: false,
    bufferLogs: true,
    abortOnError: false,
  });
  const logger = app.get(Logger);
  app.useLogger(new NestLogger(logger));
  configureServer(app);
  app.get(HttpMetrics).observe(app);
  serveOpenApi(app);
  for (const { variable, text } of config.notices) logger.warn({ variable }, text);
  return app;
}
