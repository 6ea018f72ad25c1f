import { Module } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Logger } from '../../core/telemetry/logger';
import { openKeySource } from './key-source';
import { createTokenVerifier, TOKEN_VERIFIER } from './token-verifier';

@Module({
  providers: [
    {
      provide: TOKEN_VERIFIER,
      inject: [GATEWAY_CONFIG, Logger],
      useFactory: async (config: GatewayConfig, logger: Logger) =>
        createTokenVerifier(config.auth, await openKeySource(config.auth.jwks, logger), logger),
    },
  ],
  exports: [TOKEN_VERIFIER],
})
export class AuthModule {}
