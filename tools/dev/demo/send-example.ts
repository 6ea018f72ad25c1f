import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import {
  fetchEnclaveKey,
  followMessage,
  postMessage,
  prepareMessage,
  verifyResult,
  type TrustPolicy,
} from '@communique-tee/client';
import { toHex, type CongressMessage } from '@communique-tee/protocol';
import { receivedBy, type System } from '@communique-tee/test-system';
import { developmentRoleArn } from '@communique-tee/testing/nsm-mock';
import type { createSteps } from './steps';

/**
 * Sends one message as a sender does, and prints each step.
 * @throws Error if the message is not delivered, or its receipt does not verify
 */
export async function sendExample(
  system: System,
  content: CongressMessage,
  step: ReturnType<typeof createSteps>['step'],
): Promise<void> {
  const policy: TrustPolicy = {
    acceptedMeasurements: system.accepted,
    trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
  };
  const options = { gateway: system.gatewayUrl, token: await system.issuer.token('demo') };
  const key = await step(
    'ask for attestation with a fresh nonce, and verify it',
    () => fetchEnclaveKey(system.gatewayUrl, policy),
    ({ attestation, keyId, custody }) =>
      `module ${attestation.moduleId}, root: DEVELOPMENT (a mock NSM; production trusts only the AWS root)\n` +
      `PCR0 ${attestation.pcr0}\nPCR3 ${attestation.pcr3 ?? 'none'}: the made-up role ${developmentRoleArn}\nsealing key ${toHex(keyId)}, custody: ${custody}`,
  );
  const prepared = await step(
    'seal the message to the attested key',
    () => Promise.resolve(prepareMessage(content, key)),
    ({ id, sealed }) => `message ${id}, ${String(sealed.length)} bytes sealed, for ${content.offices.join(', ')}`,
  );
  await step(
    'post it to the gateway, which cannot read it',
    () => postMessage(options, prepared),
    ({ status }) => `202, status ${status}`,
  );
  const view = await step(
    'follow it to its end',
    () => followMessage(options, prepared.id),
    ({ status, attempts }) => `status ${status}, attempts ${String(attempts)}`,
  );
  const { receipt, answer } = await step(
    'verify the receipt against the attested receipt key',
    () => verifyResult(view, prepared, policy),
    ({ receipt: { claims }, answer: { offices } }) =>
      [
        `signed ${new Date(claims.time * 1000).toISOString()} by PCR0 ${claims.pcr0.slice(0, 16)}...`,
        ...offices.map(
          ({ office, outcome, deliveryId }) => `${office}  ${outcome.padEnd(9)}  DeliveryId ${deliveryId ?? 'none'}`,
        ),
      ].join('\n'),
  );
  await step(
    'find the XML at the chambers of the simulator',
    async () => {
      const sent = new Set(answer.offices.map(({ deliveryId }) => deliveryId));
      const arrived = (await receivedBy(system.congress)).filter(({ deliveryId }) => sent.has(deliveryId));
      const accepted = receipt.claims.offices.filter(({ outcome }) => outcome === 'accepted').length;
      if (arrived.length !== accepted)
        throw new Error(`${String(accepted)} accepted by the receipt, ${String(arrived.length)} arrived`);
      return arrived;
    },
    (arrived) =>
      arrived
        .map(({ chamber, office, xml }) => `${chamber.padEnd(6)}  ${office}  ${String(xml.length)} characters of XML`)
        .join('\n'),
  );
  if (view.status !== 'delivered') throw new Error(`the message ended as ${view.status}`);
}
