import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '../../../create-app';
import { testConfig } from '../../../testing/gateway-under-test';

/**
 * A gateway that knows its routes but reaches no database, enclave or identity provider: the addresses have no
 * listener.
 */
export async function unconnectedGateway(): Promise<NestFastifyApplication> {
  const app = await createApp(
    testConfig({ DATABASE_URL: 'postgresql://127.0.0.1:1/none', AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks' }),
  );
  await app.init();
  return app;
}
