import type { PublicConfiguration } from '@communique-tee/protocol';
import { VERIFICATION_KEY_SHA256 } from '@communique-tee/residence';
import type { GatewayConfig } from '../../core/config/gateway-config';
import type { AttestationMonitor } from '../attestation/attestation-monitor';
import { ResidenceAgreement } from './residence-agreement';

type Attested = PublicConfiguration['residence'];

const OURS = {
  mode: 'required',
  registrar: 'r',
  keys: ['r+1', 'r+2'],
  files: 'https://registrar.test/',
} as const satisfies GatewayConfig['residence'];
const THEIRS: Attested = {
  mode: 'required',
  registrar: 'r',
  keys: ['r+2', 'r+1'],
  maxCampaignDays: 60,
  verificationKeySha256: VERIFICATION_KEY_SHA256,
};

function stateOf(ours: GatewayConfig['residence'], ...attested: (Attested | undefined)[]) {
  const enclaves = attested.map((residence) => ({ attestedConfiguration: () => residence && { residence } }));
  return new ResidenceAgreement({ residence: ours }, { enclaves } as unknown as AttestationMonitor).state();
}

describe('ResidenceAgreement', () => {
  it('agrees if mode, registrar, verification key and registrar keys are the same, in any order of the keys', () => {
    expect(stateOf(OURS, THEIRS)).toBe('agrees');
    expect(stateOf({ mode: 'off' }, { mode: 'off' })).toBe('agrees');
  });

  it('agrees at each step of a key rotation in the documented order, with one enclave and with several', () => {
    type Keys = readonly [string, ...string[]];
    const steps: readonly { readonly gateway: Keys; readonly enclaves: readonly Keys[] }[] = [
      { gateway: ['r+1'], enclaves: [['r+1'], ['r+1']] },
      // The operator adds a key to the enclaves first, one after the other.
      { gateway: ['r+1'], enclaves: [['r+1', 'r+2'], ['r+1']] },
      {
        gateway: ['r+1'],
        enclaves: [
          ['r+1', 'r+2'],
          ['r+2', 'r+1'],
        ],
      },
      {
        gateway: ['r+2', 'r+1'],
        enclaves: [
          ['r+1', 'r+2'],
          ['r+2', 'r+1'],
        ],
      },
      // The operator removes a key from the gateways first.
      {
        gateway: ['r+2'],
        enclaves: [
          ['r+1', 'r+2'],
          ['r+2', 'r+1'],
        ],
      },
      { gateway: ['r+2'], enclaves: [['r+2'], ['r+2', 'r+1']] },
      { gateway: ['r+2'], enclaves: [['r+2'], ['r+2']] },
    ];
    for (const { gateway, enclaves } of steps) {
      const attested = enclaves.map((keys): Attested => ({ ...THEIRS, keys: [...keys] }));
      expect([gateway, enclaves, stateOf({ ...OURS, keys: gateway }, ...attested)]).toEqual([
        gateway,
        enclaves,
        'agrees',
      ]);
    }
  });

  it.each<[string, Attested]>([
    ['mode', { ...THEIRS, mode: 'optional' }],
    ['mode (off)', { mode: 'off' }],
    ['registrar', { ...THEIRS, registrar: 'other' }],
    ['keys (one is missing)', { ...THEIRS, keys: ['r+1'] }],
    ['keys (one is different)', { ...THEIRS, keys: ['r+1', 'r+3'] }],
    ['verification key', { ...THEIRS, verificationKeySha256: '00'.repeat(32) }],
  ])('disagrees if gateway and enclave differ in the %s', (_what, theirs) => {
    expect(stateOf(OURS, theirs)).toBe('disagrees');
    expect(stateOf(OURS, THEIRS, theirs)).toBe('disagrees');
    expect(stateOf(OURS, undefined, theirs)).toBe('disagrees');
  });

  it('disagrees if this gateway takes no proofs and an enclave requires them', () => {
    expect(stateOf({ mode: 'off' }, THEIRS)).toBe('disagrees');
  });

  it('returns unknown before an enclave has attested a configuration', () => {
    expect(stateOf(OURS, undefined)).toBe('unknown');
  });
});
