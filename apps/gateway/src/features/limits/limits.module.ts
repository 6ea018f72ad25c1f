import { Global, Module } from '@nestjs/common';
import { RateLimitMetrics } from './rate-limit-metrics';
import { RateLimits } from './rate-limits';
import { SharedRedis } from '../../core/redis/shared-redis';

@Global()
@Module({ providers: [SharedRedis, RateLimitMetrics, RateLimits], exports: [SharedRedis, RateLimits] })
export class LimitsModule {}
