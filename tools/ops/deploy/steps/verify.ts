import { pcr3OfRole } from '@communique-tee/attestation';
import { painter } from '../../../cli/output/terminal';
import { asText, type Judgement } from '../../../cli/verify/report';
import type { Trust } from '../../../cli/trust';
import { imageFolder, readMeasurements } from '../artifacts';
import { askEnclave } from '../attestation/ask-enclave';
import { askHealth } from '../attestation/ask-health';
import { byAddress, byName, type Reach } from '../attestation/reach';
import type { Deployment } from '../deployment';
import type { Outputs } from '../outputs';
import { waitFor } from '../rollout/wait';
import { StepFailure, type Step } from '../step';

const MAX_AGE_MS = 300_000;

/** Verifies the enclave as an auditor would: against the image built here and the account's role, not against what the service reports. */
export const verify: Step = {
  name: 'verify',
  title: 'verify the attestation document against the image just built and the role just created, and look at health',
  byHand: [
    'node tools/cli/bin.mjs verify --gateway https://<domain> --policy dist/deploy/<stack>/policy.json',
    'curl -fsS https://<domain>/api/health/tee',
  ],
  async run(deployment) {
    const outputs = await deployment.outputs();
    const trust = await trustOf(deployment, outputs);
    const { judgement, reach } = await document(deployment, outputs, trust);
    deployment.ports.err(`${asText(judgement, painter(false, {}))}`);
    if (judgement.outcome === 'refused') throw refusal(outputs, trust, judgement);
    deployment.verifiedBy = reach.by;
    await healthy(deployment, reach);
  },
};

/** @throws StepFailure */
async function trustOf(deployment: Deployment, { operator }: Outputs): Promise<Trust> {
  const { path, shown } = imageFolder(deployment, await deployment.plan());
  const built = await readMeasurements(path);
  if (built === undefined)
    throw new StepFailure(`${shown} has no measurements.json, so there is nothing to compare the enclave with`, [], {
      goOn: ['--from', 'image'],
    });
  const { accountId, arn } = await deployment.account();
  const partition = arn.split(':')[1] ?? 'aws';
  const role = `arn:${partition}:iam::${accountId}:role/communique-tee-${deployment.stack}-parent`;
  if (operator.roleArn !== role)
    throw new StepFailure(
      `the stack’s role is ${operator.roleArn}, and this account’s would be ${role}: these credentials are of another account`,
    );
  return {
    measurements: [{ pcr0: built.pcr0, pcr3: pcr3OfRole(role) }],
    custody: undefined,
    maxAgeMs: MAX_AGE_MS,
    developmentRootPem: deployment.ports.underTest?.rootPem,
    publisher: undefined,
  };
}

/** Asks at the domain, or at the stack's address if the domain's DNS record or certificate fails. @throws StepFailure after the limit, Interrupted */
async function document(
  deployment: Deployment,
  outputs: Outputs,
  trust: Trust,
): Promise<{ judgement: Judgement; reach: Reach }> {
  const { underTest, looking } = deployment.ports;
  const origin = underTest?.gateway ?? new URL(outputs.url);
  const address = outputs.balancerName === undefined ? outputs.addressForTheHouse : undefined;
  const { verifyLimitMs } = deployment.options;
  const at = () => new Date(looking.nowMs());
  let last = '';
  const answered = await waitFor(
    deployment,
    verifyLimitMs,
    async () => {
      const name = byName(origin);
      const asked = await askEnclave(name, trust, at);
      if ('judgement' in asked) return { found: { ...asked, reach: name } };
      last = `${origin.host}: ${asked.absent}`;
      if (asked.isOfName && address !== undefined && underTest === undefined) {
        const reach = byAddress(origin, address);
        const there = await askEnclave(reach, trust, at);
        if ('judgement' in there) return { found: { ...there, reach } };
        last += `; at ${address}: ${there.absent}`;
      }
      return { so: last };
    },
    [],
  );
  if (answered === undefined)
    throw new StepFailure(`no attestation document within ${String(verifyLimitMs / 60_000)} minutes: ${last}`, [
      'A parent is in service, so its enclave was attested inside AWS: look at DNS, the security group and nginx’s log.',
    ]);
  if (answered.reach.by === 'address') deployment.say(`${last}; asked at the stack’s own address`);
  return answered;
}

function refusal(
  { addressForTheHouse: address, balancerName }: Outputs,
  { measurements: [accepted] }: Trust,
  judgement: Judgement & { readonly outcome: 'refused' },
): StepFailure {
  const todo = [
    ...(judgement.code === 'ERR_ATTESTATION_MEASUREMENT'
      ? [`The running image is not the one built here (PCR0 ${accepted.pcr0}).`]
      : []),
    ...(judgement.code === 'ERR_ATTESTATION_OPERATOR'
      ? ['An enclave under another account’s role answers: this may be another operator’s service.']
      : []),
    ...(address !== undefined && balancerName === undefined
      ? [`Does the name resolve to ${address}? A record with another address leads to another service.`]
      : []),
    'Do not open the service to users before this passes.',
  ];
  return new StepFailure(`the attestation document is refused: ${judgement.code}`, todo);
}

async function healthy(deployment: Deployment, reach: Reach): Promise<void> {
  let last = '';
  const ok = await waitFor(
    deployment,
    deployment.options.verifyLimitMs,
    async () => {
      const down = await askHealth(reach);
      if (down === undefined) return { found: true };
      last = down;
      return { so: down };
    },
    [],
  );
  if (ok === undefined)
    throw new StepFailure(`the enclave is verified, but the service is not healthy: ${last}`, [
      'What each code means: docs/operations.md, “Health”.',
    ]);
  deployment.say('health: everything is up');
}
