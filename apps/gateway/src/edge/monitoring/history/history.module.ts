import { Module } from '@nestjs/common';
import { AttestationModule } from '../../../features/attestation/attestation.module';
import { HistoryController } from './history.controller';
import { History } from './history';

@Module({ imports: [AttestationModule], controllers: [HistoryController], providers: [History] })
export class HistoryModule {}
