import { connect, type SendResult } from '@communique-tee/client';
import { commitmentOf, createSecret, residenceProver } from '@communique-tee/client/residence';
import { decodeEnvelope, houseOffices, toHex, type CongressMessage } from '@communique-tee/protocol';
import { receivedBy, type ReceivedXml, type System } from '@communique-tee/test-system';
import { publishTemplate, TEMPLATE_SLUG } from './publish-template';
import type { DemoResidence } from './start-residence';
import type { Steps } from './steps';
import { WatchedSending } from './watched-sending';

const OTHER_CAMPAIGN = `${TEMPLATE_SLUG}-2`;

/**
 * Sends three messages of a made-up constituent, with proofs of residence and without a token, and prints each step:
 * - The first must be delivered.
 * - The second is in the same campaign. The gateway must refuse it. Then the enclave gets it directly, and must not deliver it.
 * - The third is in another campaign, and must be delivered.
 * @throws Error if a step does not end as expected
 */
export async function sendProven(
  system: System,
  content: CongressMessage,
  { registrar, prover }: DemoResidence,
  { step }: Pick<Steps, 'step'>,
): Promise<void> {
  const campaignNote = await step(
    'publish a template with its campaign note',
    async () => {
      const note = registrar.openCampaign(TEMPLATE_SLUG);
      await publishTemplate(system, content, note);
      return note;
    },
    () => 'clients fetch the whole list: the gateway does not learn which template is chosen',
  );
  const secret = createSecret();
  const code = commitmentOf(secret);
  const registration = await step(
    'register a made-up constituent, and publish the list',
    () => Promise.resolve(registrar.register(code, districtOf(content))),
    ({ district }) => `district ${district}, code ${shortOf(code)}; the secret stays with the constituent`,
  );
  const client = await step(
    'ask for attestation with a fresh nonce, and verify it',
    () =>
      connect(
        system.gatewayUrl,
        { acceptedMeasurements: system.accepted, unsafeDevelopmentRootPem: system.developmentRootPem },
        {},
      ),
    () =>
      `root: DEVELOPMENT (a mock NSM; production trusts only the AWS root)\nPCR0 ${system.pcr0}\nPCR3 ${system.pcr3}\nregistrar ${registrar.id}, from the enclave's measured configuration`,
  );

  const constituent = { secret, registration, prover: residenceProver(prover.prove) };
  const first = new WatchedSending(
    client.send({ ...content, campaignId: TEMPLATE_SLUG }, { residence: { ...constituent, campaignNote } }),
  );
  const { list } = await step(
    'fetch the registrar’s list; find the path to its root',
    () => first.until('registry_read'),
    () => `${registrar.published.people.toLocaleString('en-US')} people; every client fetches the same files`,
  );
  await step('seal the message to the attested key; load the prover', () => first.until('proving', 'solving'));
  const sealed = await step(
    'prove residence for exactly these bytes',
    () => first.until('sealed'),
    ({ id, sealed: bytes }) =>
      `message ${id}, ${bytes.length.toLocaleString('en-US')} bytes with the proof, for ${content.offices.join(', ')}`,
  );
  await step(
    'post it without a token; the gateway checks the proof',
    () => first.until('accepted'),
    ({ view: { status } }) => `202, status ${status}`,
  );
  const { result } = await step(
    'follow it by its status secret; verify the receipt',
    () => first.until('ended'),
    ({ result: ended }) => [`status ${ended.status}`, ...officeLines(ended)].join('\n'),
  );
  if (result.status !== 'delivered') throw new Error(`the message ended as ${result.status}`);
  const copies = await step(
    'find the XML at the chambers of the simulator',
    () => copiesOf(system, result),
    (found) =>
      found
        .map(({ chamber, office, xml }) => `${chamber.padEnd(6)}  ${office}  ${String(xml.length)} characters of XML`)
        .join('\n'),
  );

  const residence = { ...constituent, campaignNote, list };
  const second = new WatchedSending(client.send({ ...content, campaignId: TEMPLATE_SLUG }, { residence }));
  const again = await step('prove a second message of the same campaign', () => second.until('sealed'));
  await step(
    'post it: the gateway refuses it before it checks the proof',
    () => second.refusal('already_sent'),
    () => `409 already_sent: nullifier ${nullifierIn(again.sealed)} was used`,
  );
  await step(
    'hand it to the enclave directly, as a lying parent would',
    async () => {
      await relay(system, again.sealed);
      const now = await copiesOf(system, result);
      if (now.length !== copies.length) throw new Error(`${String(now.length)} copies arrived`);
    },
    () => 'it has the DeliveryIds of the first message: each office still has one copy',
  );

  const note = registrar.openCampaign(OTHER_CAMPAIGN);
  const elsewhere = new WatchedSending(
    client.send(
      { ...content, campaignId: OTHER_CAMPAIGN },
      { residence: { ...constituent, campaignNote: note, list } },
    ),
  );
  const other = await step('prove a message of another campaign', () => elsewhere.until('sealed'));
  await step(
    'post it: it is accepted and delivered',
    () => elsewhere.until('ended'),
    ({ result: ended }) =>
      [
        `nullifiers ${nullifierIn(sealed.sealed)} and ${nullifierIn(other.sealed)}: nothing links the two`,
        ...officeLines(ended),
      ].join('\n'),
  );
}

/**
 * Returns the district of the message's House office without the number of the Congress, such as `CA-12`. For a message to senators only,
 * returns the state's first district, because a senator's constituents live in every district of the state.
 */
function districtOf({ offices, constituent: { state } }: CongressMessage): string {
  const house = offices.find((office) => office.startsWith('H')) ?? houseOffices(state)[0];
  return `${state}-${house?.slice(-2) ?? ''}`;
}

function officeLines({ report }: SendResult): string[] {
  return (report?.offices ?? []).map(
    ({ office, outcome, deliveryId }) => `${office}  ${outcome.padEnd(9)}  DeliveryId ${deliveryId ?? 'none'}`,
  );
}

async function copiesOf(system: System, { report }: SendResult): Promise<ReceivedXml[]> {
  const ids = new Set(report?.offices.map(({ deliveryId }) => deliveryId));
  return (await receivedBy(system.congress)).filter(({ deliveryId }) => ids.has(deliveryId));
}

async function relay(system: System, envelope: Uint8Array): Promise<void> {
  const response = await fetch(`${system.enclaveAddress.replace('tcp:', 'http://')}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/cbor' },
    body: new Uint8Array(envelope),
  });
  if (!response.ok) throw new Error(`the enclave answers ${String(response.status)}: ${await response.text()}`);
}

const nullifierIn = (envelope: Uint8Array): string =>
  shortOf(decodeEnvelope(envelope).sealed.nullifier ?? new Uint8Array());

const shortOf = (bytes: Uint8Array): string => `${toHex(bytes).slice(0, 12)}...`;
