import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AgentsModule } from '../../features/agents/agents.module';
import { AttestationModule } from '../../features/attestation/attestation.module';
import { BudgetModule } from '../../features/budget/budget.module';
import { DeliveryModule } from '../../features/delivery/delivery.module';
import { EnclaveModule } from '../../features/enclave/enclave.module';
import { LimitsModule } from '../../features/limits/limits.module';
import { HealthController } from './health.controller';
import { ResidenceModule } from '../../features/residence/residence.module';
import { Readiness } from './readiness';
import { TeeIndicators } from './tee-indicators';

@Module({
  // By default Terminus logs the whole result of every failed check, which is in the answer anyway.
  imports: [
    TerminusModule.forRoot({ logger: false }),
    AgentsModule,
    AttestationModule,
    BudgetModule,
    DeliveryModule,
    EnclaveModule,
    LimitsModule,
    ResidenceModule,
  ],
  controllers: [HealthController],
  providers: [Readiness, TeeIndicators],
  exports: [TeeIndicators],
})
export class HealthModule {}
