import { Global, Module } from '@nestjs/common';
import { AttestationModule } from '../attestation/attestation.module';
import { LegacyController } from './legacy.controller';
import { LegacySuite } from './legacy-suite';

/** Global for LegacySuite, which whoever accepts a message asks. */
@Global()
@Module({
  imports: [AttestationModule],
  controllers: [LegacyController],
  providers: [LegacySuite],
  exports: [LegacySuite],
})
export class LegacyModule {}
