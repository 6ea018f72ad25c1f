import { type DynamicModule, Global, Module } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from './config/gateway-config';
import { Database } from './database/database';
import { DatabaseMetrics } from './database/database-metrics';
import { ShutdownState } from './lifecycle/shutdown-state';
import { SharedRedis } from './redis/shared-redis';
import { RegisteredRoutes } from './routing/registered-routes';
import { ErrorReports } from './telemetry/errors/error-reports';
import { openLogDestination } from './telemetry/log-destination';
import { LOG_DESTINATION, Logger } from './telemetry/logger';
import { Metrics } from './telemetry/metrics';

/** The only global module: every feature may inject what it exports. */
@Global()
@Module({})
export class CoreModule {
  static of(config: GatewayConfig): DynamicModule {
    return {
      module: CoreModule,
      providers: [
        { provide: GATEWAY_CONFIG, useValue: config },
        { provide: LOG_DESTINATION, useFactory: () => openLogDestination(1) },
        Logger,
        Metrics,
        ErrorReports,
        Database,
        DatabaseMetrics,
        SharedRedis,
        RegisteredRoutes,
        ShutdownState,
      ],
      exports: [GATEWAY_CONFIG, Logger, Metrics, Database, SharedRedis, RegisteredRoutes, ShutdownState],
    };
  }
}
