import { Global, Module } from '@nestjs/common';
import { Database } from './database';
import { DatabaseMetrics } from './database-metrics';

@Global()
@Module({ providers: [Database, DatabaseMetrics], exports: [Database] })
export class DatabaseModule {}
