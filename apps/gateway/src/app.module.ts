import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from './admin/admin.module';
import { AttestationModule } from './attestation/attestation.module';
import { AuthModule } from './auth/auth.module';
import { BudgetModule } from './budget/budget.module';
import { ConfigModule } from './config/config.module';
import type { GatewayConfig } from './config/gateway-config';
import { DatabaseModule } from './database/database.module';
import { DeliveryModule } from './delivery/delivery.module';
import { HealthModule } from './health/health.module';
import { HttpModule } from './http/http.module';
import { LegacyModule } from './legacy/legacy.module';
import { LimitsModule } from './limits/limits.module';
import { MessagesModule } from './messages/messages.module';
import { HistoryModule } from './observability/history/history.module';
import { MetricsModule } from './observability/metrics/metrics.module';
import { ObservabilityModule } from './observability/observability.module';
import { PageModule } from './page/page.module';
import { RetentionModule } from './retention/retention.module';

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
