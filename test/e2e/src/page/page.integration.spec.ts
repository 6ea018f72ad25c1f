import { chromiumAvailability } from '@communique-tee/testing/chromium';
import { describeWith } from '@communique-tee/testing/harness';
import { describeMessage } from './message-tests';
import { startPageSystem, type PageSystem } from './page-system';
import { describePeople } from './people-tests';
import { describeSignIn } from './sign-in-tests';

describeWith(chromiumAvailability(), 'the page', () => {
  let started: PageSystem | undefined;
  const on = (): PageSystem => {
    if (started === undefined) throw new Error('the system has not started');
    return started;
  };
  beforeAll(async () => {
    started = await startPageSystem();
  }, 180_000);
  afterAll(async () => {
    await started?.stop();
  });

  describeMessage(on);
  describeSignIn(on);
  describePeople(on);
});
