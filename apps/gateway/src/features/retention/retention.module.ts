import { Module } from '@nestjs/common';
import { Retention } from './retention';
import { RetentionSweeper } from './retention-sweeper';

@Module({ providers: [Retention, RetentionSweeper] })
export class RetentionModule {}
