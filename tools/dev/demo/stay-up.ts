import { PRESETS } from '@communique-tee/congress-simulator';
import type { System } from '@communique-tee/test-system';
import { join } from 'node:path';
import { EXPIRE_AFTER_SECONDS } from './outcomes';
import { TEMPLATE_SLUG } from './publish-template';

interface StayUpFacts {
  readonly folder: string;
  readonly isUsualFolder: boolean;
  /** Where a person registers in the browser; absent if no residence is proven. */
  readonly deskUrl: string | undefined;
  /** A sentence on what Congress answers now. */
  readonly answers: string;
}

/** Returns a text on what a person can do with the running demo. */
export function stayUpText(system: System, { folder, isUsualFolder, deskUrl, answers }: StayUpFacts): string {
  const { gatewayUrl, congress, pcr0, pcr3 } = system;
  const token = `node tools/cli/bin.mjs token${isUsualFolder ? '' : ` --environment ${system.gatewayEnvironmentFile}`}`;
  return `
The demo is running. Open the page and write a message:

  ${gatewayUrl}/#campaign=communique-tee-demo&pcr0=${pcr0}&pcr3=${pcr3}

It asks you to sign in: any made-up user name will do, and there is no password.
${deskUrl === undefined ? '' : proving(gatewayUrl, deskUrl, `pcr0=${pcr0}&pcr3=${pcr3}`)}This is a demo. The enclave runs without AWS hardware, so its certificates prove nothing, and Congress is a
simulator: nothing leaves this machine.

What Congress answers now: ${answers}
To see another result, run this in a second terminal, then send a message:

  curl -X POST ${congress.controlUrl}/presets/NAME

with one of these names:

${names()}
To see a message expire after ${String(EXPIRE_AFTER_SECONDS)} seconds, end this demo first (Ctrl-C), then run: npm run demo -- --outcomes expired
test/congress/README.md shows how to choose the answer of a single office.

More to look at:

  npm run example:browser          a page of your own that uses the client library, in a second terminal
  ${gatewayUrl}/status             health, attestation, queue and budget over time
  ${gatewayUrl}/docs               the API; a token for it:  ${token}
  ${gatewayUrl}/attestation        an attestation document
  ${congress.controlUrl}/received  what Congress received
  ${system.logFolder}  the log of every process
  ${join(folder, 'gateway.env')}  the gateway's environment (for npm run ops, npx nx serve gateway)

Ctrl-C ends the demo.
`;
}

function proving(gatewayUrl: string, deskUrl: string, image: string): string {
  return `
Or prove residence, and write without signing in: open the page from the template

  ${gatewayUrl}/#template=${TEMPLATE_SLUG}&${image}

and choose “I prove where I live, and do not sign in”. In the last step, take the code that the page shows to the
made-up registrar, which registers every code:

  ${deskUrl}

`;
}

function names(): string {
  return Object.entries(PRESETS)
    .map(([name, { description }]) => `  ${name.padEnd(12)} ${description}\n`)
    .join('');
}

export async function untilInterrupted(): Promise<void> {
  await new Promise<void>((ended) => {
    process.once('SIGINT', ended);
    process.once('SIGTERM', ended);
  });
  process.stdout.write('\nStopping.\n');
}
