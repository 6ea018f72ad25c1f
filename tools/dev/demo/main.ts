import { CommandLine, UsageError, writableFolder } from '@communique-tee/command-line';
import type { CongressMessage } from '@communique-tee/protocol';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { startSystem } from '@communique-tee/test-system';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMessage } from '../../cli/read-message';
import { findReferenceStringForCommand } from '../../cli/residence/reference-string';
import { EXAMPLE_ORIGIN } from '../client-package/example/origin';
import { exampleMessage } from './example-message';
import { explainFailure } from './explain-failure';
import { askModel, ROUGH_DRAFT } from './ask-model';
import { applyOutcomes, OUTCOME_NAMES, readOutcomes } from './outcomes';
import { sendExample } from './send-example';
import { sendProven } from './send-proven';
import { startResidence, type DemoResidence } from './start-residence';
import { stayUpText, untilInterrupted } from './stay-up';
import { createSteps } from './steps';

interface Options {
  readonly once?: boolean;
  readonly message?: string;
  readonly outcomes?: string;
  readonly port: string;
  readonly folder: string;
  readonly referenceString?: string;
}

const USUAL_FOLDER = join(workspaceRoot(), '.dev');

const WITH_PROOF = `This starts PostgreSQL, the gateway, a registrar, simulators of Congress and of AI providers, and an enclave on a mock
of the AWS hardware, all on this machine. Then a made-up constituent proves residence, sends a message, and asks a
model for a clearer draft. Nothing leaves this machine.

`;
const WITHOUT_PROOF = `This starts PostgreSQL, the gateway, simulators of Congress and of AI providers, and an enclave on a mock of the AWS
hardware, all on this machine. Then a made-up constituent sends a message, and asks a model for a clearer draft.
Nothing leaves this machine.

A proof of residence needs the reference string. This machine does not have it and could not download it, so the
message is sent without a proof (residence: off).

`;

const AFTER = `
  npm run demo              runs every step, then stays up with the page; Ctrl-C ends it
  npm run demo -- --once    ends after the last step

What --outcomes takes besides a file (JSON, test/congress/README.md):
${Object.entries(OUTCOME_NAMES)
  .map(([name, description]) => `  ${name.padEnd(12)} ${description}\n`)
  .join('')}
Exit code
  0  every step succeeded
  1  something failed; the demo says what, and what to do next
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

const line = new CommandLine(
  'npm run demo --',
  'Starts the whole system on this machine, registers a made-up constituent, sends a message with a proof of residence to a simulator of Congress and verifies its receipt. Without the reference string the message is sent without a proof. Then you can write messages of your own in the page.',
);
line.program
  .option('--once', 'end after the last step, or when something has failed')
  .option('--message <file>', 'send this message (JSON in the shape of docs/message.md) instead of the made-up one')
  .option('--outcomes <preset|file>', 'what Congress answers to the messages that you send from the page')
  .option('--port <port>', "the gateway's port; if it is 0 or in use, the demo takes a free one", '3001')
  .option('--folder <folder>', 'where database, development root and logs are kept', USUAL_FOLDER)
  .option(
    '--reference-string <file>',
    'the file of 262,208 bytes that proving needs; default: ../shared/vectors/zk, then the cache, then a download from Aztec',
  )
  .addHelpText('after', AFTER)
  .action(line.run(run));
process.exitCode = await line.parse(process.argv.slice(2));

async function run(options: Options): Promise<number> {
  if (!/^\d{1,5}$/.test(options.port) || Number(options.port) > 65_535) throw new UsageError('--port takes 0 to 65535');
  if (options.once === true && options.outcomes !== undefined)
    throw new UsageError('--outcomes is for messages that you send from the page: leave --once out');
  const folder = writableFolder('--folder', options.folder);
  const port = Number(options.port);
  try {
    await demo(options, folder, port);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    process.stderr.write(`\n${explainFailure(error, { folder, port })}`);
    return 1;
  }
}

async function demo(values: Options, folder: string, port: number): Promise<void> {
  const content = values.message === undefined ? exampleMessage() : messageIn(values.message);
  const outcomes = values.outcomes === undefined ? undefined : readOutcomes(values.outcomes);
  const steps = createSteps();
  const { step, total } = steps;
  process.stdout.write('\ncommunique-tee: a private message to Congress through an attested enclave\n\n');
  const referenceString = await findReferenceStringForCommand({ file: values.referenceString });
  if (referenceString === undefined && values.referenceString !== undefined)
    throw new UsageError(`--reference-string: ${values.referenceString} is not the reference string (262,208 bytes)`);
  process.stdout.write(referenceString === undefined ? WITHOUT_PROOF : WITH_PROOF);
  let residence: DemoResidence | undefined;
  const system = await startSystem({
    folder,
    persistent: true,
    gatewayPort: port,
    // Fixed, because it is part of the issuer's name: with another one, people would not find the messages of an earlier demo
    identityPort: 3002,
    // The simulated Senate does not recognize repeated messages. If it did, the enclave would repeat an unanswered message, and no message
    // could end as unknown
    withoutDeduplication: ['senate'],
    agents: {},
    // The page of `npm run example:browser` has another origin
    gatewayEnvironment: {
      CORS_ORIGINS: EXAMPLE_ORIGIN,
      ...(referenceString && { RESIDENCE_REFERENCE_STRING_FILE: join(folder, 'reference-string') }),
    },
    // A function, so that it runs only after PostgreSQL has started: PostgreSQL refuses a folder that another demo uses
    ...(referenceString && {
      residence: async () => {
        await writeFile(join(folder, 'reference-string'), referenceString); // for the page
        residence = await startResidence(folder, referenceString, steps);
        return { mode: 'optional', registrar: residence.registrar };
      },
    }),
    step,
  }).catch(async (error: unknown) => {
    await residence?.stop();
    throw error;
  });
  try {
    if (port !== 0 && new URL(system.gatewayUrl).port !== String(port))
      process.stdout.write(
        `       Another program uses port ${String(port)}, so the demo answers at ${system.gatewayUrl}\n`,
      );
    if (residence === undefined) await sendExample(system, content, step);
    else await sendProven(system, content, residence, steps);
    await askModel(system, values.message === undefined ? ROUGH_DRAFT : (content.message.body ?? ROUGH_DRAFT), steps);
    process.stdout.write(
      `\nDone in ${total().trim()}: ${residence === undefined ? '' : 'residence proven, '}sealed here, opened only in the enclave, delivered, receipt verified; one draft asked for, its cost verified.\n`,
    );
    if (values.once === true) return;
    const end = outcomes === undefined ? () => undefined : await applyOutcomes(system, outcomes);
    const answers = OUTCOME_NAMES[values.outcomes ?? 'delivered'] ?? `the outcomes in ${values.outcomes ?? ''}.`;
    process.stdout.write(
      stayUpText(system, { folder, isUsualFolder: folder === USUAL_FOLDER, deskUrl: residence?.deskUrl, answers }),
    );
    await untilInterrupted();
    end();
  } finally {
    await system.stop();
    await residence?.stop();
  }
}

/** @throws UsageError */
function messageIn(file: string): CongressMessage {
  try {
    return readMessage(file);
  } catch (error) {
    throw new UsageError(`--message: ${error instanceof Error ? error.message : String(error)}`);
  }
}
