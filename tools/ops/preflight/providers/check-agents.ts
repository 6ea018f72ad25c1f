import { PRICE_TABLE, reservationMicroUsd, rowOf, UNVERIFIED_PRICES } from '@communique-tee/agents';
import { formatDollars, VARIABLES } from '@communique-tee/gateway-environment';
import { POLY1305_TAG_BYTES, TASK_BUCKETS } from '@communique-tee/protocol';
import * as z from 'zod';
import { fail, pass, skip, warn, type Check, type Context, type Finding } from '../check';
import { readEnclaveConfiguration } from '../congress/enclave-configuration';

const PRICES_OLD_AFTER_DAYS = 90;
const DAY_MS = 24 * 3600 * 1000;
/** One person's open reservations may take at most the system's hourly cap divided by this number. */
const SHARE = 20n;

const { DEFAULT_USER_DAILY_LIMIT, SYSTEM_HOURLY_LIMIT, EMERGENCY_SHUTDOWN_THRESHOLD } = VARIABLES;
const environmentSchema = z.record(z.string(), z.unknown());
const capsSchema = z.object({ DEFAULT_USER_DAILY_LIMIT, SYSTEM_HOURLY_LIMIT, EMERGENCY_SHUTDOWN_THRESHOLD });

/** Checks, without asking a provider, that every configured model has a price and that the largest task fits into each cap. */
export const agents: Check = {
  name: 'agents',
  title:
    'every configured model has a price in this release, the prices are not old, and one largest task fits into each cap',
  group: 'providers',
  network: false,
  async run(context) {
    const configuration = await readEnclaveConfiguration(context);
    if ('problem' in configuration) return skip('the enclave is not configured: see enclave-config');
    const classes = configuration.services.agents?.classes ?? [];
    const environment = gatewayEnvironmentOf(context);
    const caps = capsSchema.safeParse(environment);
    if (!caps.success) return skip('gatewayEnvironment has values that the gateway refuses: see configuration');
    const isOn = context.stackFile.values.get('agents') === 'on';
    if (classes.length === 0)
      return isOn
        ? fail(
            'agents is on, and the enclave’s configuration names no class of models',
            'add services.agents to it, or remove the key agents',
          )
        : skip('the enclave’s configuration names no class of models');
    const now = new Date(context.ports.nowMs());
    const findings: Finding[] = [];
    let largest = { cost: 0n, id: '' };
    for (const { id, provider, model, maxOutputTokens } of classes) {
      const row = rowOf(PRICE_TABLE, provider, model, now);
      if (!row) {
        findings.push(
          fail(
            `class ${id}: ${model} of ${provider} has no price in this release, so the enclave does not start`,
            'name a model of libs/agents/src/models.ts, or add its row there and build again',
          ),
        );
        continue;
      }
      const ciphertextBytes = Math.max(...TASK_BUCKETS) + POLY1305_TAG_BYTES;
      const cost = reservationMicroUsd({ row, ciphertextBytes, maxOutputTokens });
      if (cost > largest.cost) largest = { cost, id };
    }
    findings.push(...smallCaps(caps.data, largest));
    findings.push(...oldPrices(now), ...unverifiedPrices(classes));
    if (!isOn)
      findings.push(
        warn(
          'the enclave’s configuration names classes of models, and agents is off',
          'set the key agents to on: until then the gateway takes no tasks',
        ),
      );
    return findings.length > 0
      ? findings
      : pass(
          `${String(classes.length)} classes, prices of ${PRICE_TABLE.version}; the largest task reserves ${formatDollars(largest.cost)} dollars (${largest.id})`,
        );
  },
};

function smallCaps(caps: z.output<typeof capsSchema>, { cost, id }: { cost: bigint; id: string }): Finding[] {
  const needs: readonly (readonly [keyof typeof caps & string, bigint, string])[] = [
    ['DEFAULT_USER_DAILY_LIMIT', cost, 'one largest task reserves'],
    ['SYSTEM_HOURLY_LIMIT', cost * SHARE, 'because one person may hold only a twentieth of it, one largest task needs'],
    ['EMERGENCY_SHUTDOWN_THRESHOLD', cost, 'one largest task reserves'],
  ];
  return needs.flatMap(([name, needed, words]) => {
    const cap = BigInt(caps[name]);
    return cap >= needed
      ? []
      : fail(
          `${name} is ${formatDollars(cap)} dollars, and ${words} ${formatDollars(needed)} (class ${id}): such a task would never be taken`,
          'raise it in gatewayEnvironment, or lower maxOutputTokens of the class',
        );
  });
}

function oldPrices(now: Date): Finding[] {
  const days = Math.floor((now.getTime() - Date.parse(PRICE_TABLE.version.slice(0, 10))) / DAY_MS);
  return days <= PRICES_OLD_AFTER_DAYS
    ? []
    : [
        warn(
          `the price table of this release is ${String(days)} days old (${PRICE_TABLE.version})`,
          'compare it with the providers’ pages (libs/agents/src/models.ts names them), and build again if one changed',
        ),
      ];
}

function unverifiedPrices(classes: readonly { readonly model: string }[]): Finding[] {
  const models = [...new Set(classes.map(({ model }) => model))].filter((model) => UNVERIFIED_PRICES.includes(model));
  return models.map((model) =>
    warn(
      `the prices of ${model} are unverified: they were not read on the provider’s own page`,
      'compare the row in libs/agents/src/models.ts with the provider’s live page; where it is right, take the model out of UNVERIFIED_PRICES',
    ),
  );
}

/** The gateway's variables in the stack's configuration; the gateway has defaults for the others. */
function gatewayEnvironmentOf({ stackFile }: Context): Readonly<Record<string, unknown>> {
  try {
    return environmentSchema.parse(JSON.parse(stackFile.values.get('gatewayEnvironment') ?? '{}'));
  } catch {
    return {};
  }
}
