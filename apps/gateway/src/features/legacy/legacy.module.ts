import { Module } from '@nestjs/common';
import { AttestationModule } from '../attestation/attestation.module';
import { LegacyController } from './legacy.controller';
import { LegacySuite } from './legacy-suite';

@Module({
  imports: [AttestationModule],
  controllers: [LegacyController],
  providers: [LegacySuite],
  exports: [LegacySuite],
})
export class LegacyModule {}
