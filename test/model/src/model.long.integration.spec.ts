import {
  commandAvailability,
  describeWith,
  temporaryFolder,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { CONFIGURATIONS, ENDING } from './configurations';
import { describeCounterexample } from './describe-counterexample';
import { ASSUMPTION, MUTATIONS } from './mutations';
import { runModel, type Verdict } from './run-model';

describeWith(commandAvailability('spin', 'spin'), 'the delivery rule, in every order of its steps,', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder('model-');
  });
  afterEach(() => folder.remove());

  const shown = ({ counterexample }: Verdict) => counterexample && describeCounterexample(counterexample);

  it.each(Object.entries(CONFIGURATIONS))(
    'holds: %s',
    async (_name, { bounds }) => {
      const verdict = await runModel(folder.path, bounds, 'all');
      expect(shown(verdict)).toBeNull();
      expect(verdict.states).toBeGreaterThan(10_000);
    },
    600_000,
  );

  it.each(Object.entries(ENDING))(
    'ends: %s',
    async (_name, { bounds }) => {
      expect(shown(await runModel(folder.path, bounds, 'endless'))).toBeNull();
    },
    600_000,
  );

  it.each([...MUTATIONS, ASSUMPTION])(
    'is broken if $what',
    async ({ flag, bounds, breaks }) => {
      const { counterexample } = await runModel(folder.path, bounds, 'shortest', [flag]);
      expect(counterexample?.breaks).toBe(breaks);
      expect(counterexample?.actions.length).toBeGreaterThan(0);
    },
    600_000,
  );
});
