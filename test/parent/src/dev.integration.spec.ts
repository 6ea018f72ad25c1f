import { setTimeout as sleep } from 'node:timers/promises';
import { certificate } from './checks/certificate';
import { enclaveEnds } from './checks/enclave-ends';
import { firstBoot } from './checks/first-boot';
import { fullDisks } from './checks/full-disks';
import { logs } from './checks/logs';
import { mainJob } from './checks/main-job';
import { reboots } from './checks/reboots';
import { startParent, type BootedParent } from './parent';
import { say } from './say';
import { Sender } from './sender';

/** The parent boots once. Each part continues where the previous part ended. */
describe('the parent of dev, booted from its user data', () => {
  let booted: BootedParent | undefined;
  let person: Sender | undefined;
  const parent = () => booted ?? notBooted();
  const sender = () => person ?? notBooted();

  /** Trusts the issuer's authority, which is new after each start of the issuer, and waits until nginx has a certificate from it. */
  const trusting = async () => {
    person ??= new Sender(parent());
    person.trust(await parent().world.issuer.root());
    const answers = () =>
      sender()
        .health()
        .then(
          ({ status }) => status === 200,
          () => false,
        );
    while (!(await answers())) await sleep(200);
  };

  beforeAll(async () => {
    booted = await startParent('dev', say);
  }, 600_000);
  afterAll(async () => {
    person?.close();
    await booted?.stop();
  });
  beforeEach(() => {
    say(expect.getState().currentTestName?.replace('the parent of dev, booted from its user data ', '') ?? '');
  });

  describe('at its first boot', () => {
    firstBoot(parent);
  });
  describe('its certificate', () => {
    certificate(parent);
  });
  describe('for a person who sends', () => {
    beforeAll(trusting);
    mainJob(parent, sender);
  });
  describe('its logs', () => {
    beforeAll(trusting);
    logs(parent, sender);
  });
  describe('with an enclave that ends', () => {
    beforeAll(trusting);
    enclaveEnds(parent, sender);
  });
  describe('with a full disk', () => {
    beforeAll(trusting);
    fullDisks(parent, sender);
  });
  describe('started again', () => {
    beforeAll(trusting);
    reboots(parent, sender);
  });
});

function notBooted(): never {
  throw new Error('the parent did not boot');
}
