import { CommandLine } from '@communique-tee/command-line';
import { clearModel, clearStop, keys, status } from './commands';

// The release contains this program; on the parent it is the command communique-operator.
const line = new CommandLine('communique-operator', "The operator's commands on the parent instance.");
status(
  line.program
    .command('status')
    .summary('show the emergency stop, models that are off, and the current budget windows'),
  line,
);
clearStop(line.program.command('clear-stop').summary('clear the emergency stop, so that spending can continue'), line);
clearModel(line.program.command('clear-model').summary('let agents use a model or a provider again'), line);
keys(line.program.command('keys').summary('the sealed keys of the enclaves: list them, revoke one'), line);
process.exitCode = await line.parse(process.argv.slice(2));
