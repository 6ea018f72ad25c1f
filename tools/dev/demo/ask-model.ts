import { connect, type AgentState } from '@communique-tee/client';
import type { System } from '@communique-tee/test-system';
import * as z from 'zod';
import type { Steps } from './steps';

const budgetSchema = z.looseObject({ spent: z.string(), reserved: z.string() });
const MICRO = 1_000_000n;

/** The draft for the model, unless `--message` names a message. */
export const ROUGH_DRAFT = 'please mend the bridge on main street.  it was closed in may, and the detour takes an hour';

/**
 * Asks a model for a clearer draft, and checks the cost. Prints each step.
 * @throws Error if a step does not end as expected
 */
export async function askModel(
  { gatewayUrl, accepted, developmentRootPem, issuer, providers }: System,
  draft: string,
  { step }: Pick<Steps, 'step'>,
): Promise<void> {
  if (!providers) throw new Error('the demo’s system has no simulator of providers');
  // Another user than the sender, with another budget for the day
  const token = await issuer.token('demo-drafts');
  const client = await connect(
    gatewayUrl,
    { acceptedMeasurements: accepted, unsafeDevelopmentRootPem: developmentRootPem },
    { token: () => token },
  );
  const spent = async (): Promise<bigint> => {
    const response = await fetch(new URL('/api/budget', gatewayUrl), { headers: { authorization: `Bearer ${token}` } });
    return microUsdOf(budgetSchema.parse(await response.json()).spent);
  };
  const [before, calls] = [await spent(), providers.calls()];
  let request = new Uint8Array();
  const onState = (state: AgentState) => {
    if (state.step === 'sealed') request = new Uint8Array(state.request);
  };
  const startedMs = performance.now();
  const { statement, chargedMicroUsd } = await step(
    'ask a model for a clearer draft, sealed; open its answer',
    async () => {
      const result = await client.agent(
        { task: 'draft', modelClass: 'fast', language: 'en', text: draft },
        { onState },
      );
      if (result.text === null) throw new Error(`the task ended as ${result.outcome}`);
      return result;
    },
    ({ text, statement: claims }) =>
      `draft:  “${firstWords(draft)}”\nanswer: “${firstWords(text ?? '')}” (${claims.model}, a simulator)`,
  );
  const took = performance.now() - startedMs;
  await step(
    'verify the cost that the enclave signed',
    async () => {
      if (providers.calls() !== calls + 1) throw new Error('the provider was not asked exactly once');
      const now = await spent();
      if (now - before !== chargedMicroUsd)
        throw new Error(`the day's budget went down by ${String(now - before)} micro-dollars`);
    },
    () =>
      [
        `${String(statement.usage?.input ?? 0)} tokens in, ${String(statement.usage?.output ?? 0)} out: ${String(chargedMicroUsd)} micro-dollars, prices of ${statement.prices_version}; ${(took / 1000).toFixed(2)} s`,
        `statement ${statement.end}, by PCR0 ${statement.pcr0.slice(0, 16)}...; the day's budget went down by exactly that`,
        `the gateway saw ${request.length.toLocaleString('en-US')} sealed bytes and the class “${statement.model_class}”, not a word`,
      ].join('\n'),
  );
}

/** Returns the micro-dollars of an amount with at most six digits after the point. */
function microUsdOf(dollars: string): bigint {
  const [whole = '0', fraction = ''] = dollars.split('.');
  return BigInt(whole) * MICRO + BigInt(fraction.padEnd(6, '0'));
}

function firstWords(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57).trimEnd()}...`;
}
