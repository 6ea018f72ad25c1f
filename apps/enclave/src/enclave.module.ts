import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AttestationController } from './identity/keys/attestation.controller';
import type { AnchoredClock } from './runtime/anchored-clock';
import type { EnclaveConfiguration } from './configuration/configuration';
import { createCongress } from './services/congress/cwc/congress';
import type { Egress } from './egress';
import { HealthController } from './runtime/health.controller';
import { ProblemFilter } from './runtime/problem.filter';
import { KeyKeeper } from './identity/custody/key-keeper';
import { KeyRing } from './identity/keys/key-ring';
import { KeysController } from './identity/custody/keys.controller';
import type { Log } from './runtime/log';
import { MessageService } from './services/congress/message.service';
import { MessagesController } from './services/congress/messages.controller';
import { Reporter } from './services/congress/report';
import { OperatorSecrets } from './identity/secrets/operator-secrets';
import { CLOCK, CONGRESS, ENCLAVE_ID, LEGACY_SUITE, LOG, MESSAGE_LIMITS } from './runtime/tokens';

export interface EnclaveParts {
  configuration: EnclaveConfiguration;
  egress: Egress;
  clock: AnchoredClock;
  ring: KeyRing;
  keeper: KeyKeeper;
  secrets: OperatorSecrets;
  log: Log;
  /** Random, new at every start. */
  enclaveId: string;
}

@Module({})
export class EnclaveModule {
  static of({ configuration, egress, clock, ring, keeper, secrets, log, enclaveId }: EnclaveParts): DynamicModule {
    return {
      module: EnclaveModule,
      controllers: [HealthController, AttestationController, KeysController, MessagesController],
      providers: [
        { provide: CLOCK, useValue: clock },
        { provide: LOG, useValue: log },
        { provide: ENCLAVE_ID, useValue: enclaveId },
        { provide: LEGACY_SUITE, useValue: configuration.legacySuite },
        { provide: MESSAGE_LIMITS, useValue: configuration.messages },
        { provide: KeyRing, useValue: ring },
        { provide: KeyKeeper, useValue: keeper },
        { provide: OperatorSecrets, useValue: secrets },
        { provide: Reporter, useValue: new Reporter(clock) },
        { provide: CONGRESS, useFactory: () => createCongress(configuration.congress, egress, clock, secrets) },
        { provide: APP_FILTER, useClass: ProblemFilter },
        MessageService,
      ],
    };
  }
}
