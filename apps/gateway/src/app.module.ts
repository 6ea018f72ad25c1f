import { type DynamicModule, Module } from '@nestjs/common';
import type { GatewayConfig } from './core/config/gateway-config';
import { CoreModule } from './core/core.module';
import { HealthModule } from './edge/health/health.module';
import { HttpModule } from './edge/http/http.module';
import { MonitoringModule } from './edge/monitoring/monitoring.module';
import { PageModule } from './edge/page/page.module';
import { AgentsModule } from './features/agents/agents.module';
import { AdminModule } from './features/admin/admin.module';
import { AttestationModule } from './features/attestation/attestation.module';
import { BudgetModule } from './features/budget/budget.module';
import { DeliveryModule } from './features/delivery/delivery.module';
import { LegacyModule } from './features/legacy/legacy.module';
import { MessagesModule } from './features/messages/messages.module';
import { RetentionModule } from './features/retention/retention.module';
import { TemplatesModule } from './features/templates/templates.module';

/** The whole gateway. The features that are not listed (auth, limits, enclave, keys, acceptance, residence) come with modules that are. */
@Module({})
export class AppModule {
  static of(config: GatewayConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        CoreModule.of(config),
        // features, in the order in which the OpenAPI document lists their operations
        AttestationModule,
        MessagesModule,
        BudgetModule,
        AgentsModule,
        DeliveryModule,
        LegacyModule,
        RetentionModule,
        TemplatesModule,
        AdminModule,
        // edge
        HttpModule,
        HealthModule,
        MonitoringModule,
        PageModule,
      ],
    };
  }
}
