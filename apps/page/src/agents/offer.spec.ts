import type { EnclaveConfiguration } from '@communique-tee/client';
import type { AgentOffer } from '@communique-tee/protocol';
import { readBudget } from './budget';
import { modelsOf } from './offer';

const CLASS = { id: 'clear', provider: 'openai', model: 'a-model', tasks: ['draft'], maxOutputTokens: 512 } as const;
const PRICES = { version: '2026-11-30.1', sha256: 'ab'.repeat(32) };

function attested(classes: readonly (typeof CLASS)[] | undefined): Pick<EnclaveConfiguration, 'services'> {
  const agents = classes && { classes, pricesVersion: PRICES.version, pricesSha256: PRICES.sha256 };
  return { services: { ...(agents && { agents }) } } as unknown as Pick<EnclaveConfiguration, 'services'>;
}
const offer = (over: Partial<AgentOffer> = {}): AgentOffer => ({
  on: true,
  classes: [{ ...CLASS, tasks: ['draft'], available: true }],
  prices: PRICES,
  ...over,
});

describe('the list of models', () => {
  it('has the models of the attested configuration', () => {
    expect(modelsOf(attested([CLASS]), offer())).toEqual([{ ...CLASS, available: true }]);
  });

  it('is empty where the enclave attests no models, whatever the gateway offers', () => {
    expect(modelsOf(attested(undefined), offer())).toEqual([]);
    expect(modelsOf(undefined, offer())).toEqual([]);
    expect(modelsOf(attested([]), offer())).toEqual([]);
  });

  it('is empty where the gateway takes no tasks, or does not answer', () => {
    expect(modelsOf(attested([CLASS]), offer({ on: false, classes: [], prices: null }))).toEqual([]);
    expect(modelsOf(attested([CLASS]), undefined)).toEqual([]);
  });

  it('has the attested provider and model name where the gateway reports different ones', () => {
    const classes = [{ ...offer().classes[0], provider: 'gemini', model: 'cheap' }] as unknown as AgentOffer['classes'];
    expect(modelsOf(attested([CLASS]), offer({ classes }))).toEqual([{ ...CLASS, available: true }]);
  });

  it.each([
    ['is off', [{ ...CLASS, tasks: ['draft'], available: false }]],
    ['is left out', []],
  ])('lists a model as not available if it %s in the gateway’s offer', (_, classes) => {
    const given = classes as unknown as AgentOffer['classes'];
    expect(modelsOf(attested([CLASS]), offer({ classes: given }))).toEqual([{ ...CLASS, available: false }]);
  });
});

describe('what is left of a budget', () => {
  const BUDGET = { cap: '10.00', reserved: '0.50', spent: '0.004127', resetsAt: '2026-12-01T00:00:00.000Z' };

  it('is the cap less what is reserved and spent', () => {
    expect(readBudget(BUDGET)).toEqual({ left: 9_495_873, resetsAtMs: Date.UTC(2026, 11, 1) });
  });

  it('is zero if the day has spent more than its cap', () => {
    expect(readBudget({ ...BUDGET, spent: '10.30' })?.left).toBe(0);
  });

  it.each([
    null,
    {},
    { ...BUDGET, cap: 10 },
    { ...BUDGET, cap: '10' },
    { ...BUDGET, spent: '-1.00' },
    { ...BUDGET, reserved: undefined },
    { ...BUDGET, resetsAt: 'soon' },
  ])('is undefined if the answer is not a budget: %j', (json) => {
    expect(readBudget(json)).toBeUndefined();
  });
});
