import { Inject, Injectable } from '@nestjs/common';
import { VERIFICATION_KEY_SHA256 } from '@communique-tee/residence';
import type { PublicConfiguration } from '@communique-tee/protocol';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { AttestationMonitor } from '../attestation/attestation-monitor';

/** Whether the enclaves attested the same mode, registrar, keys and verification key as this gateway has. */
@Injectable()
export class ResidenceAgreement {
  private readonly ours: string;

  constructor(
    @Inject(GATEWAY_CONFIG) { residence }: Pick<GatewayConfig, 'residence'>,
    private readonly monitor: AttestationMonitor,
  ) {
    this.ours = termsOf(
      residence.mode === 'off' ? residence : { ...residence, verificationKeySha256: VERIFICATION_KEY_SHA256 },
    );
  }

  /** `unknown`: no enclave has attested a configuration yet. One enclave that disagrees is enough: a message may be sealed to it. */
  state(): 'agrees' | 'disagrees' | 'unknown' {
    const attested = this.monitor.enclaves.flatMap((enclave) => enclave.attestedConfiguration() ?? []);
    if (attested.length === 0) return 'unknown';
    return attested.every(({ residence }) => termsOf(residence) === this.ours) ? 'agrees' : 'disagrees';
  }
}

type Terms =
  | { readonly mode: 'off' }
  | {
      readonly mode: 'optional' | 'required';
      readonly registrar: string;
      readonly keys: readonly string[];
      readonly verificationKeySha256: string;
    };

/** The order of keys says nothing. */
function termsOf(terms: Terms | PublicConfiguration['residence']): string {
  if (terms.mode === 'off') return 'off';
  const { mode, registrar, keys, verificationKeySha256 } = terms;
  return JSON.stringify([mode, registrar, [...keys].sort(), verificationKeySha256]);
}
