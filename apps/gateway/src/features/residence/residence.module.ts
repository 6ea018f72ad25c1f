import { Module } from '@nestjs/common';
import { AttestationModule } from '../attestation/attestation.module';
import { LimitsModule } from '../limits/limits.module';
import { ProofAdmission } from './proof-admission';
import { ProofVerifier } from './proof-verifier';
import { PublishedRoot } from './published-root';
import { ResidenceAgreement } from './residence-agreement';
import { ResidenceController } from './residence.controller';
import { ResidenceMetrics } from './residence-metrics';
import { RootCensus } from './root-census';

@Module({
  imports: [AttestationModule, LimitsModule],
  controllers: [ResidenceController],
  providers: [ProofAdmission, ProofVerifier, PublishedRoot, ResidenceAgreement, ResidenceMetrics, RootCensus],
  exports: [ProofAdmission, ResidenceAgreement],
})
export class ResidenceModule {}
