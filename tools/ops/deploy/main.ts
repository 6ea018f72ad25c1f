import { workspaceRoot } from '@communique-tee/testing/harness';
import { runDeploy } from './run-deploy';
import { Interruption } from './interruption';
import { deployPorts } from './ports';

/** npm run deploy: one command from a checkout to a verified stack. */

const interruption = new Interruption();
interruption.listen();
const code = await runDeploy(process.argv.slice(2), () => deployPorts(workspaceRoot(), interruption));
// Open connections of AWS's clients and unanswered prompts would keep this process alive.
process.stdout.write('', () => process.exit(code));
