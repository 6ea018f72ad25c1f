import { Controller, Get } from '@nestjs/common';
import { AdminScope } from '../auth/admin-scope';
import { BudgetService } from '../budget/budget.service';
import { formatDollars } from '@communique-tee/gateway-environment';
import { DeliveryQueue } from '../delivery/delivery-queue';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { RateLimits } from '../limits/rate-limits';
import { SealedKeyStore } from '../keys/sealed-key-store';
import { type AdminKeys, adminKeysSchema, type AdminStatus, adminStatusSchema } from './admin-status';
import { DATABASE_PROBLEMS } from '../../core/database/database';
import { Operation } from '../../core/routing/route-policy';

type Window = Awaited<ReturnType<BudgetService['state']>>['hour'];

/** For people who run the gateway: to look, not to change. A stop is cleared, and a key revoked, by the operator's command, which the network cannot reach. */
@Controller('api/admin')
export class AdminController {
  constructor(
    private readonly queue: DeliveryQueue,
    private readonly budget: BudgetService,
    private readonly limits: RateLimits,
    private readonly sealedKeys: SealedKeyStore,
  ) {}

  @Get('status')
  @AdminScope()
  @RateLimit('api')
  @Operation({
    summary: 'Queue, budget and emergency stop',
    description:
      "For people who run the gateway: the token's `scope` must hold the scope of administration (AUTH_ADMIN_SCOPE). Reads only.",
    answers: {
      '200': { description: 'Sums; amounts in dollars.', content: { 'application/json': adminStatusSchema } },
    },
    problems: [...DATABASE_PROBLEMS],
  })
  async status(): Promise<AdminStatus> {
    const [queue, budget] = await Promise.all([this.queue.state(), this.budget.state()]);
    const { store, degraded, degradedSince } = this.limits.state();
    return {
      queue: { waiting: queue.waiting, overdueMs: queue.overdueMs },
      budget: { hour: windowOf(budget.hour), day: windowOf(budget.day) },
      emergencyStop: { standing: budget.stopped, since: budget.stoppedSince?.toISOString() ?? null },
      rateLimits: { store, degraded, degradedSince: degradedSince?.toISOString() ?? null },
    };
  }

  @Get('keys')
  @AdminScope()
  @RateLimit('api')
  @Operation({
    summary: 'The sealed keys of the enclaves',
    description:
      "Needs the scope of administration. The latest first, at most 500, until they are deleted some days after their end. `live`: the newest of its custody and image is sealed to; `rotated`: only opens what was sealed to it; `destroyed`, `revoked`: its record is gone. They are revoked by the operator's command (`npm run ops -- keys revoke`).",
    answers: {
      '200': {
        description: 'What is known of each key; nothing that is sealed.',
        content: { 'application/json': adminKeysSchema },
      },
    },
    problems: [...DATABASE_PROBLEMS],
  })
  async keys(): Promise<AdminKeys> {
    return { keys: await this.sealedKeys.list() };
  }
}

function windowOf({ capMicroUsd, reservedMicroUsd, spentMicroUsd, resetsAt }: Window): AdminStatus['budget']['hour'] {
  return {
    cap: formatDollars(capMicroUsd),
    reserved: formatDollars(reservedMicroUsd),
    spent: formatDollars(spentMicroUsd),
    resetsAt: resetsAt.toISOString(),
  };
}
