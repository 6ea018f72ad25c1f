import type { Nsm } from '@communique-tee/nsm';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AttestationController } from './attestation/attestation.controller';
import { DocumentSource } from './attestation/document-source';
import { AnchoredClock } from './clock/anchored-clock';
import type { EnclaveConfiguration } from './configuration/configuration';
import { createCongress } from './congress/congress';
import { congressDestinations } from './congress/congress-config';
import { createEgress } from './egress';
import { HealthController } from './health/health.controller';
import { ProblemFilter } from './http/problem.filter';
import type { EnclaveKeys } from './keys/enclave-keys';
import type { Log } from './log/log';
import { MessageService } from './messages/message.service';
import { MessagesController } from './messages/messages.controller';
import { Reporter } from './messages/report';
import { CLOCK, CONGRESS, ENCLAVE_ID, ENCLAVE_KEYS, LOG, MESSAGE_LIMITS } from './tokens';

export interface EnclaveParts {
  configuration: EnclaveConfiguration;
  nsm: Nsm;
  keys: EnclaveKeys;
  log: Log;
  /** Random, new at every start. */
  enclaveId: string;
}

@Module({})
export class EnclaveModule {
  static of({ configuration, nsm, keys, log, enclaveId }: EnclaveParts): DynamicModule {
    const clock = new AnchoredClock();
    const documents = new DocumentSource(nsm, keys, clock);
    return {
      module: EnclaveModule,
      controllers: [HealthController, AttestationController, MessagesController],
      providers: [
        { provide: CLOCK, useValue: clock },
        { provide: LOG, useValue: log },
        { provide: ENCLAVE_ID, useValue: enclaveId },
        { provide: ENCLAVE_KEYS, useValue: keys },
        { provide: MESSAGE_LIMITS, useValue: configuration.messages },
        { provide: DocumentSource, useValue: documents },
        { provide: Reporter, useValue: new Reporter(keys, documents, clock) },
        { provide: CONGRESS, useFactory: () => createCongress(configuration.congress, createEgress(configuration.egress, congressDestinations(configuration.congress)), clock) },
        { provide: APP_FILTER, useClass: ProblemFilter },
        MessageService,
      ],
    };
  }
}
