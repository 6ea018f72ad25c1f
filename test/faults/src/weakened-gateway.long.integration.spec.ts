import { drawFrom, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { checkTrace } from '@communique-tee/test-model';
import { CALM, setCongressFaults, startSystem } from '@communique-tee/test-system';
import { readProgress } from './judge/record';
import { readTrace, watchSteps } from './judge/trace';
import { gatewayThatForgets } from './gateway-that-forgets';
import { GATEWAY_ENVIRONMENT, policyOf } from './run';
import { Sender } from './senders/sender';

/** The chambers answer later than the gateway waits for the enclave. */
const SLOW = { queue: [{ fault: { kind: 'slow', delayMs: 5000, stored: true }, times: 'always' }] };

describe('a message whose first attempt has no answer in time', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder('weakened-');
  });
  afterEach(() => folder.remove());

  it.each<[string, boolean, string[]]>([
    ['makes only transitions of the model', false, []],
    [
      'makes a transition outside the model if the gateway forgets the dispatch',
      true,
      ['again: unanswered: dispatched must be true'],
    ],
  ])(
    '%s',
    async (_what, forgets, deviations) => {
      const system = await startSystem({
        folder: folder.path,
        gatewayEnvironment: { ...GATEWAY_ENVIRONMENT, ENCLAVE_TIMEOUT_MS: '1000' },
        otherGateway: forgets ? (program) => gatewayThatForgets(program, folder.path) : undefined,
      });
      try {
        await watchSteps(system.databaseUrl);
        await setCongressFaults(system, SLOW);
        const sender = new Sender({
          gateways: system.gatewayUrls,
          policy: policyOf(system),
          user: 'sender',
          token: await system.issuer.token('sender', 3600),
          deadlineMs: Infinity,
          signal: new AbortController().signal,
        });
        await sender.send(drawFrom(1, 'message 1'), () => undefined);
        const steps = () => readTrace(system.databaseUrl, [], []);
        while (!(await steps()).some((step) => step.event === 'again')) await pause();
        await setCongressFaults(system, CALM);
        while ((await readProgress(system.databaseUrl)).waiting > 0) await pause();
        const found = checkTrace(await steps(), { everythingEnds: true });
        expect([...new Set(found.map(({ event, why }) => `${event}: ${why}`))]).toEqual(deviations);
      } finally {
        await system.stop();
      }
    },
    600_000,
  );
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 200));
}
