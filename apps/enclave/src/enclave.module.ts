import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { AttestationController } from './identity/keys/attestation.controller';
import type { AnchoredClock } from './runtime/anchored-clock';
import type { EnclaveConfiguration } from './configuration/configuration';
import type { ServedConfiguration } from './configuration/served-configuration';
import type { Egress } from './egress';
import type { Residence } from './residence/residence';
import type { HealthParts } from './runtime/health';
import { HealthController } from './runtime/health.controller';
import { ProblemFilter } from './runtime/problem.filter';
import { KeyOfferHandler, KeysController } from './identity/custody/key-offer-handler';
import { KeyRing } from './identity/keys/key-ring';
import type { Log } from './runtime/log';
import type { OperatorSecrets } from './identity/secrets/operator-secrets';
import { CLOCK, HEALTH_PARTS, LOG, OPEN_SERVICES, SERVED_CONFIGURATION } from './runtime/tokens';
import { SERVICES, openServices } from './services/registry';
import { serviceControllers } from './services/services.controller';

export interface EnclaveParts {
  configuration: EnclaveConfiguration;
  served: ServedConfiguration;
  egress: Egress;
  residence: Residence;
  clock: AnchoredClock;
  ring: KeyRing;
  keyOffers: KeyOfferHandler;
  secrets: OperatorSecrets;
  log: Log;
  /** Random; new at every start of the enclave. */
  enclaveId: string;
}

@Module({})
export class EnclaveModule {
  static of({
    configuration,
    served,
    egress,
    residence,
    clock,
    ring,
    keyOffers,
    secrets,
    log,
    enclaveId,
  }: EnclaveParts): DynamicModule {
    const { services, legacySuite } = configuration;
    return {
      module: EnclaveModule,
      controllers: [
        HealthController,
        AttestationController,
        KeysController,
        ...serviceControllers(Object.values(SERVICES).map(({ path }) => path)),
      ],
      providers: [
        { provide: CLOCK, useValue: clock },
        { provide: LOG, useValue: log },
        { provide: SERVED_CONFIGURATION, useValue: served },
        {
          provide: HEALTH_PARTS,
          useValue: { enclaveId, clock, connections: egress.connections } satisfies HealthParts,
        },
        { provide: KeyRing, useValue: ring },
        { provide: KeyOfferHandler, useValue: keyOffers },
        {
          provide: OPEN_SERVICES,
          useFactory: () => openServices(services, { ring, secrets, egress, residence, clock, log, legacySuite }),
        },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
