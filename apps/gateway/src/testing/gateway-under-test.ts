import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { parseEnvironment } from '@communique-tee/gateway-environment';
import type { GatewayConfig } from '../core/config/gateway-config';
import { createApp } from '../create-app';
import { AUDIENCE, ISSUER } from './issuer';

export function testConfig(environment: Record<string, string>): GatewayConfig {
  const parsed = parseEnvironment({
    NODE_ENV: 'test',
    PORT: '0',
    LOG_LEVEL: 'silent',
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    TEE_ENDPOINT: 'unix:/nonexistent/enclave.sock',
    TEE_EXPECTED_CODE_HASH: `sha384:${'ab'.repeat(48)}`,
    TEE_EXPECTED_OPERATOR: `sha384:${'cd'.repeat(48)}`,
    RATE_LIMIT_MAX_REQUESTS: '1000000',
    RATE_LIMIT_OTHER_MAX_REQUESTS: '1000000',
    DEFAULT_USER_DAILY_LIMIT: '1000',
    SYSTEM_HOURLY_LIMIT: '1000',
    EMERGENCY_SHUTDOWN_THRESHOLD: '1000',
    MESSAGES_PER_USER_DAY: '0',
    // With a price the caps apply in every spec; the default price is 0.
    DELIVERY_PRICE_PER_OFFICE: '0.01',
    ...environment,
  });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.config;
}

export interface GatewayUnderTest extends AsyncDisposable {
  readonly app: NestFastifyApplication;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts the whole gateway on a free port of 127.0.0.1. Unless `environment` sets an enclave's address, the gateway reaches no enclave: it
 * accepts messages, and they stay in the queue.
 */
export async function startGateway(environment: Record<string, string>): Promise<GatewayUnderTest> {
  const config = testConfig(environment);
  const app = await createApp(config);
  await app.listen(0, '127.0.0.1');
  const close = () => app.close();
  return { app, url: (await app.getUrl()).replace('[::1]', '127.0.0.1'), close, [Symbol.asyncDispose]: close };
}
