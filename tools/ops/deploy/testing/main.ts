import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Interruption } from '../interruption';
import { deployPorts } from '../ports';
import { runDeploy } from '../run-deploy';

/**
 * The whole command for tests: `<checkout> <gateway> <root.pem> [arguments]`. Unlike the command that operators start, it trusts a test
 * root in place of AWS's. It connects only to loopback, and checks ten times a second.
 */
const [checkout = '', gateway = '', rootFile = '', ...argv] = process.argv.slice(2);
const url = new URL(gateway);
if (url.hostname !== '127.0.0.1') throw new RangeError('a test root is only for a gateway on 127.0.0.1');
const interruption = new Interruption();
interruption.listen();
const ports = {
  ...deployPorts(checkout, interruption),
  underTest: { rootPem: readFileSync(rootFile, 'utf8'), gateway: url },
  sleep: (ms: number) => sleep(Math.min(ms, 100), undefined, { signal: interruption.signal }).catch(() => undefined),
};
const code = await runDeploy(argv, () => ports);
process.stdout.write('', () => process.exit(code));
