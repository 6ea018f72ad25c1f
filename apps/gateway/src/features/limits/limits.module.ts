import { Global, Module } from '@nestjs/common';
import { RateLimits } from './rate-limits';
import { SharedRedis } from '../../core/redis/shared-redis';

@Global()
@Module({ providers: [SharedRedis, RateLimits], exports: [SharedRedis, RateLimits] })
export class LimitsModule {}
