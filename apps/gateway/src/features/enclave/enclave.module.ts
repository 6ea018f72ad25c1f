import { Module } from '@nestjs/common';
import { EnclaveClients } from './enclave-clients';
import { EnclaveMetrics } from './enclave-metrics';
import { EnclaveReportMetrics } from './enclave-report-metrics';
import { EnclaveReports } from './enclave-reports';

@Module({
  providers: [EnclaveClients, EnclaveMetrics, EnclaveReports, EnclaveReportMetrics],
  exports: [EnclaveClients, EnclaveReports],
})
export class EnclaveModule {}
