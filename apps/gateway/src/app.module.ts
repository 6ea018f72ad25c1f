import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from './features/admin/admin.module';
import { AttestationModule } from './features/attestation/attestation.module';
import { AuthModule } from './features/auth/auth.module';
import { BudgetModule } from './features/budget/budget.module';
import { ConfigModule } from './core/config/config.module';
import type { GatewayConfig } from './core/config/gateway-config';
import { DatabaseModule } from './core/database/database.module';
import { DeliveryModule } from './features/delivery/delivery.module';
import { HealthModule } from './edge/health/health.module';
import { HttpModule } from './edge/http/http.module';
import { LegacyModule } from './features/legacy/legacy.module';
import { LimitsModule } from './features/limits/limits.module';
import { MessagesModule } from './features/messages/messages.module';
import { HistoryModule } from './edge/monitoring/history/history.module';
import { MetricsModule } from './edge/monitoring/metrics/metrics.module';
import { ObservabilityModule } from './core/telemetry/observability.module';
import { PageModule } from './edge/page/page.module';
import { RetentionModule } from './features/retention/retention.module';

@Module({})
export class AppModule {
  /** The whole gateway. */
  static of(config: GatewayConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ...acceptingModules(config),
        AttestationModule,
        LegacyModule,
        DeliveryModule,
        HealthModule,
        RetentionModule,
        AdminModule,
        MetricsModule,
        HistoryModule,
        PageModule,
      ],
    };
  }

  /** What accepts messages, without what relays them: for tests that watch a message lie in its queue. */
  static accepting(config: GatewayConfig): DynamicModule {
    return { module: AppModule, imports: acceptingModules(config) };
  }
}

function acceptingModules(config: GatewayConfig) {
  return [
    ConfigModule.of(config),
    ObservabilityModule,
    HttpModule,
    DatabaseModule,
    AuthModule,
    LimitsModule,
    BudgetModule,
    MessagesModule,
  ];
}
