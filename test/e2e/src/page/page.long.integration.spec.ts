import { chromiumAvailability } from '@communique-tee/testing/chromium';
import { describeProving } from '@communique-tee/residence/testing';
import { describeWith } from '@communique-tee/testing/harness';
import { describeAgents } from './agents-tests';
import { describeAxe } from './axe-tests';
import { describeFirefox } from './firefox-tests';
import { describeLoading } from './loading-tests';
import { startPageSystem, type PageSystem } from './page-system';
import { describeProof } from './proof-tests';
import { startResidencePageSystem, type ResidencePageSystem } from './residence-page-system';
import { RESIDENCE_STATES } from './residence-states';
import { STATES } from './states';
import { describeStatus } from './status-tests';
import { describeTemplates } from './template-tests';

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

  describeLoading(on);
  describeProof(on);
  describeStatus(on);
  describeTemplates(on);
  describeAgents(on);
  describeAxe(on, STATES);
  describeFirefox(on);
});

describeWith(chromiumAvailability(), 'the page', () => {
  describeProving('that takes proofs of residence', (referenceString) => {
    let started: ResidencePageSystem | undefined;
    const on = (): ResidencePageSystem => {
      if (started === undefined) throw new Error('the system has not started');
      return started;
    };
    beforeAll(async () => {
      started = await startResidencePageSystem(referenceString, 'optional');
    }, 180_000);
    afterAll(async () => {
      await started?.stop();
    });

    describeAxe(on, RESIDENCE_STATES);
  });
});
