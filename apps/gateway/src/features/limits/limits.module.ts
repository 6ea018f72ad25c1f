import { Module } from '@nestjs/common';
import { RateLimitMetrics } from './rate-limit-metrics';
import { RateLimits } from './rate-limits';

@Module({ providers: [RateLimitMetrics, RateLimits], exports: [RateLimits] })
export class LimitsModule {}
