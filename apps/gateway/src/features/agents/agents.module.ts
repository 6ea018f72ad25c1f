import { Module } from '@nestjs/common';
import { AttestationModule } from '../attestation/attestation.module';
import { BudgetModule } from '../budget/budget.module';
import { AgentCalls } from './agent-calls';
import { AgentGauges } from './agent-gauges';
import { AgentLedger } from './agent-ledger';
import { AgentMetrics } from './agent-metrics';
import { AgentOffers } from './agent-offers';
import { AttemptRelay } from './attempt-relay';
import { AgentsController } from './agents.controller';
import { OverdueSweeper } from './overdue-sweeper';
import { AttemptSettler } from './settle-attempt';
import { UsageJudge } from './usage-judge';

@Module({
  imports: [AttestationModule, BudgetModule],
  controllers: [AgentsController],
  providers: [
    AgentCalls,
    AgentLedger,
    AgentOffers,
    AttemptRelay,
    AttemptSettler,
    UsageJudge,
    OverdueSweeper,
    AgentMetrics,
    AgentGauges,
  ],
  exports: [AgentOffers],
})
export class AgentsModule {}
