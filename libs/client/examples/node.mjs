// Sends one message and prints its verified outcome.
//
//   TOKEN=... POLICY=policy.json node node.mjs <gateway> <message.json> [<receipt.json>]
//
// DEVELOPMENT_ROOT names the PEM file of a development root. Anyone who has the root's key can forge every outcome.
import { readFileSync, writeFileSync } from 'node:fs';
import { ClientError, connect, whetherSent } from '@communique-tee/client';

const { TOKEN = '', POLICY = 'policy.json', DEVELOPMENT_ROOT } = process.env;
const [gateway, messageFile, receiptFile] = process.argv.slice(2);
if (gateway === undefined || messageFile === undefined) {
  console.error('usage: TOKEN=... POLICY=policy.json node node.mjs <gateway> <message.json> [<receipt.json>]');
  process.exit(2);
}

const SENT = {
  not_sent: 'It was not sent.',
  not_known: 'We do not know yet whether it was sent:',
  accepted: 'The gateway has it:',
};

/** Aborts at Ctrl-C. If the gateway has the message by then, it still delivers the message. */
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

try {
  const client = await connect(
    gateway,
    {
      // The images and operators to trust
      acceptedMeasurements: JSON.parse(readFileSync(POLICY, 'utf8')).acceptedMeasurements,
      ...(DEVELOPMENT_ROOT === undefined ? {} : { unsafeDevelopmentRootPem: readFileSync(DEVELOPMENT_ROOT, 'utf8') }),
    },
    { token: () => TOKEN, signal: stop.signal, onState: showWait },
  );
  const { attestation, custody } = await client.key();
  console.log(
    `verified: ${attestation.moduleId}, PCR0 ${attestation.pcr0.slice(0, 16)}..., operator ${attestation.pcr3?.slice(0, 16) ?? 'unnamed'}..., keys: ${custody}`,
  );

  const sending = client.send(JSON.parse(readFileSync(messageFile, 'utf8')), { signal: stop.signal });
  for await (const state of sending) {
    if (state.step === 'sealed') console.log(`sealed: ${state.id}, ${state.sealed.length} bytes`);
    else if (state.step === 'waiting') showWait(state);
    else if (state.step === 'status')
      console.log(`status: ${state.view.status}${state.report === null ? '' : ', receipt verified'}`);
  }

  const { status, reason, report } = await sending.result;
  if (report === null) {
    console.log(`ended as ${status} (${reason ?? 'no reason'}); the gateway reports it, and no enclave has signed it`);
  } else {
    for (const { office, outcome, deliveryId, detail } of report.offices)
      console.log(`${office}: ${outcome} ${deliveryId ?? ''} ${detail ?? ''}`.trimEnd());
    for (const { message } of report.problems) console.log(message);
    if (receiptFile !== undefined) writeFileSync(receiptFile, `${JSON.stringify(report.receipt, null, 2)}\n`);
  }
  process.exitCode = status === 'delivered' ? 0 : 1;
} catch (error) {
  if (!(error instanceof ClientError)) throw error;
  console.error(`${error.code}${error.reason === undefined ? '' : ` (${error.reason})`}: ${error.message}`);
  for (const { message } of error.problems) console.error(`  ${message}`);
  console.error(`  ${SENT[whetherSent(error)]} ${error.messageId ?? ''}`.trimEnd());
  process.exitCode = 1;
}

function showWait(state) {
  if (state.step === 'waiting') console.log(`waiting ${Math.ceil(state.waitMs / 1000)} s: ${state.because}`);
}
