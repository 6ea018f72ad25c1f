import { Module } from '@nestjs/common';
import { EnclaveClient } from './enclave-client';

@Module({ providers: [EnclaveClient], exports: [EnclaveClient] })
export class EnclaveModule {}
