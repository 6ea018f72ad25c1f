import { Module } from '@nestjs/common';
import { AttestationModule } from '../attestation/attestation.module';
import { EnclaveKeys } from './enclave-keys';
import { KeyGauges, KeyMetrics } from './key-metrics';
import { OperatorSecrets } from './operator-secrets';
import { defaultChain, FIND_CREDENTIALS, ParentCredentials } from './parent-credentials';
import { SealedKeyStore } from './sealed-key-store';

@Module({
  imports: [AttestationModule],
  providers: [
    EnclaveKeys,
    KeyMetrics,
    KeyGauges,
    OperatorSecrets,
    ParentCredentials,
    SealedKeyStore,
    { provide: FIND_CREDENTIALS, useFactory: defaultChain },
  ],
  exports: [EnclaveKeys, SealedKeyStore],
})
export class KeysModule {}
