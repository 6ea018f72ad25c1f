import { Module } from '@nestjs/common';
import { EnclaveModule } from '../enclave/enclave.module';
import { AttestationDocuments } from './attestation-documents';
import { AttestationJudge } from './attestation-judge';
import { AttestationMetrics } from './attestation-metrics';
import { AttestationMonitor } from './attestation-monitor';
import { AttestationController } from './attestation.controller';
import { EnclaveConfigurations } from './enclave-configurations';

@Module({
  imports: [EnclaveModule],
  controllers: [AttestationController],
  providers: [AttestationDocuments, AttestationJudge, AttestationMonitor, AttestationMetrics, EnclaveConfigurations],
  exports: [AttestationMonitor],
})
export class AttestationModule {}
