import { Module } from '@nestjs/common';
import { EnclaveClients } from './enclave-clients';
import { EnclaveMetrics } from './enclave-metrics';

@Module({ providers: [EnclaveClients, EnclaveMetrics], exports: [EnclaveClients] })
export class EnclaveModule {}
