import { Module } from '@nestjs/common';
import { AttestationModule } from '../attestation/attestation.module';
import { BudgetModule } from '../budget/budget.module';
import { EnclaveModule } from '../enclave/enclave.module';
import { KeysModule } from '../keys/keys.module';
import { DeliveryAttempt } from './delivery-attempt';
import { DeliveryGauges } from './delivery-gauges';
import { DeliveryMetrics } from './delivery-metrics';
import { DeliveryQueue } from './delivery-queue';
import { DeliverySignal } from './delivery-signal';
import { DeliveryWorker } from './delivery-worker';
import { ReceiptJudge } from './receipt-judge';

@Module({
  imports: [AttestationModule, BudgetModule, EnclaveModule, KeysModule],
  providers: [
    DeliveryAttempt,
    DeliveryGauges,
    DeliveryMetrics,
    DeliveryQueue,
    DeliverySignal,
    DeliveryWorker,
    ReceiptJudge,
  ],
  exports: [DeliveryQueue, DeliverySignal],
})
export class DeliveryModule {}
