import { Module } from '@nestjs/common';
import { EnclaveClients } from './enclave-clients';

@Module({ providers: [EnclaveClients], exports: [EnclaveClients] })
export class EnclaveModule {}
