import { Controller, Get } from '@nestjs/common';
import { AdminScope } from '../auth/admin-scope';
import { BudgetService } from '../budget/budget.service';
import { formatDollars } from '@communique-tee/gateway-environment';
import { DeliveryQueue } from '../delivery/delivery-queue';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { RateLimits } from '../limits/rate-limits';
import { SealedKeyStore } from '../keys/sealed-key-store';
import {
  type AdminKeys,
  adminKeysSchema,
  type AdminStatus,
  adminStatusSchema,
  KEYS_EXAMPLE,
  STATUS_EXAMPLE,
} from './admin-status';
import { DATABASE_PROBLEMS } from '../../core/database/database';
import type { Tag } from '../../core/routing/operation';
import { Operation } from '../../core/routing/route-policy';

export const ADMINISTRATION: Tag = {
  name: 'Administration',
  description:
    'For operators. The token must have the scope that `AUTH_ADMIN_SCOPE` names. These operations only read.',
};

type Window = Awaited<ReturnType<BudgetService['state']>>['hour'];

/** Read-only routes for operators. To clear a stop or revoke a key, an operator runs a command; no route does that. */
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
    id: 'getAdminStatus',
    tag: ADMINISTRATION,
    summary: 'Get the state of queue, budget and emergency stop',
    description: 'Sums over all callers. The answer has no data of a single message or user.',
    answers: {
      '200': {
        description: 'Sums. Amounts are in dollars.',
        content: { 'application/json': { schema: adminStatusSchema, examples: { status: STATUS_EXAMPLE } } },
      },
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
    id: 'listEnclaveKeys',
    tag: ADMINISTRATION,
    summary: 'List the sealed keys of the enclaves',
    description:
      'The latest first, at most 500. A key leaves the list 30 days after its `destroyAfter`. `live`: clients may seal to it; enclaves use the newest live key of their custody and image. `rotated`: it only opens what was sealed to it. `destroyed`, `revoked`: its record is deleted. Operators revoke a key with `npm run ops -- keys revoke`.',
    answers: {
      '200': {
        description: 'The metadata of the sealed keys, without the sealed bytes.',
        content: { 'application/json': { schema: adminKeysSchema, examples: { keys: KEYS_EXAMPLE } } },
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
