import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import {
  fetchEnclaveKey,
  followMessage,
  postMessage,
  prepareMessage,
  verifyResult,
  type TrustPolicy,
} from '@communique-tee/client';
import { CommandLine, UsageError, writableFolder } from '@communique-tee/command-line';
import { toHex, type CongressMessage } from '@communique-tee/protocol';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { developmentRoleArn } from '@communique-tee/testing/nsm-mock';
import { receivedBy, startSystem, type System } from '@communique-tee/test-system';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readMessage } from '../../cli/read-message';
import { exampleMessage } from './example-message';
import { createSteps } from './steps';

interface Options {
  readonly once?: boolean;
  readonly message?: string;
  readonly port: string;
  readonly folder: string;
}

const AFTER = `
  npm run demo              runs it once, then stays up for a look; Ctrl-C ends it
  npm run demo -- --once    ends when the receipt has verified

Exit code
  0  the receipt has verified
  1  something failed; the logs are named
  2  not understood: the arguments
`;

const line = new CommandLine(
  'npm run demo --',
  'The main job, on this machine: attest, seal, relay, deliver to the Congress simulator, verify the receipt.',
);
line.program
  .option('--once', 'end when the receipt has verified, or anything failed')
  .option('--message <file>', 'send this message (JSON in the shape of docs/message.md) instead of the made-up one')
  .option('--port <port>', "the gateway's; a free one if that is taken, or for 0", '3001')
  .option('--folder <folder>', 'where database, development root and logs are kept', join(workspaceRoot(), '.dev'))
  .addHelpText('after', AFTER)
  .action(line.run(run));
process.exitCode = await line.parse(process.argv.slice(2));

async function run(options: Options): Promise<number> {
  if (!/^\d{1,5}$/.test(options.port) || Number(options.port) > 65_535) throw new UsageError('--port takes 0 to 65535');
  const folder = writableFolder('--folder', options.folder);
  try {
    await demo(options, folder);
    return 0;
  } catch (error) {
    const named = error instanceof Error && 'code' in error ? `${String(error.code)}: ` : '';
    // Node puts the code into the message itself
    const code = error instanceof Error && error.message.startsWith(named) ? '' : named;
    const logs = join(folder, 'logs');
    process.stderr.write(
      `\n${code}${error instanceof Error ? error.message : String(error)}\n${existsSync(logs) ? `Logs: ${logs}\n` : ''}`,
    );
    return 1;
  }
}

async function demo(values: Options, folder: string): Promise<void> {
  const content = values.message === undefined ? exampleMessage() : readMessage(values.message);
  const { step, total } = createSteps();
  process.stdout.write('\ncommunique-tee: a private message to Congress through an attested enclave\n\n');
  const system = await startSystem({
    folder,
    persistent: true,
    gatewayPort: Number(values.port),
    // Its name is the issuer's, and with it the owner of messages that were sent before
    identityPort: 3002,
    step,
  });
  try {
    await send(system, content, step);
    process.stdout.write(
      `\nDone in ${total().trim()}: sealed here, opened only in the enclave, delivered, receipt verified.\n`,
    );
    if (values.once !== true) await stayUp(system);
  } finally {
    await system.stop();
  }
}

async function send(
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
      `module ${attestation.moduleId}, root: DEVELOPMENT (a mock NSM; production trusts the AWS root alone)\n` +
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

async function stayUp(system: System): Promise<void> {
  process.stdout.write(`
The system stays up. Look at:
  ${system.gatewayUrl}/#campaign=communique-tee-demo&pcr0=${system.pcr0}&pcr3=${system.pcr3}
      the page, by a campaign link: write, sign in with any made-up user name, send, follow to the receipt
  ${system.gatewayUrl}/status             health, attestation, queue and budget over time
  ${system.gatewayUrl}/docs               the API
  ${system.gatewayUrl}/attestation        an attestation document
  ${system.gatewayUrl}/api/health/tee     health, attestation verified
  ${system.congress.controlUrl}/received  what Congress received (the simulator's view)
  ${system.logFolder}  logs of every process
A token for this hour, to try the API with:
  ${await system.issuer.token('demo')}
The gateway's whole environment is in ${system.gatewayEnvironmentFile} (for npm run ops, npx nx serve gateway).
Ctrl-C ends it.
`);
  await new Promise<void>((ended) => {
    process.once('SIGINT', ended);
    process.once('SIGTERM', ended);
  });
  process.stdout.write('\nStopping.\n');
}
