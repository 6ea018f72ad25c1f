import { chromiumAvailability } from '@communique-tee/testing/chromium';
import { describeWith } from '@communique-tee/testing/harness';
import { describeAxe } from './axe-tests';
import { describeFirefox } from './firefox-tests';
import { startPageSystem, type PageSystem } from './page-system';

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

  describeAxe(on);
  describeFirefox(on);
});
