import { Inject, Injectable } from '@nestjs/common';
import { VERIFICATION_KEY_SHA256 } from '@communique-tee/residence';
import type { PublicConfiguration } from '@communique-tee/protocol';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { AttestationMonitor } from '../attestation/attestation-monitor';

/**
 * Compares the settings of residence. Enclave and gateway agree if they have the same mode, registrar and verification key, and the enclave
 * accepts all registrar keys of the gateway. The enclave may accept more keys, so that an operator can replace a key without an outage
 * (docs/operator/registrar.md).
 */
@Injectable()
export class ResidenceAgreement {
  private readonly ours: Terms;

  constructor(
    @Inject(GATEWAY_CONFIG) { residence }: Pick<GatewayConfig, 'residence'>,
    private readonly monitor: AttestationMonitor,
  ) {
    this.ours = residence.mode === 'off' ? residence : { ...residence, verificationKeySha256: VERIFICATION_KEY_SHA256 };
  }

  /**
   * `unknown`: no enclave has attested a configuration yet. `disagrees`: at least one enclave disagrees, because a message may be sealed to
   * its key.
   */
  state(): 'agrees' | 'disagrees' | 'unknown' {
    const attested = this.monitor.enclaves.flatMap((enclave) => enclave.attestedConfiguration() ?? []);
    if (attested.length === 0) return 'unknown';
    return attested.every(({ residence }) => takesAllOf(residence, this.ours)) ? 'agrees' : 'disagrees';
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

/** Whether the enclave takes every proof that the gateway takes. */
function takesAllOf(enclave: PublicConfiguration['residence'], gateway: Terms): boolean {
  if (enclave.mode === 'off' || gateway.mode === 'off') return enclave.mode === gateway.mode;
  return (
    enclave.mode === gateway.mode &&
    enclave.registrar === gateway.registrar &&
    enclave.verificationKeySha256 === gateway.verificationKeySha256 &&
    gateway.keys.every((key) => enclave.keys.includes(key))
  );
}
