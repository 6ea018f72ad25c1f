import { createRequire } from 'node:module';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';

interface Test {
  readonly path: string;
  readonly context: object;
}
const root = workspaceRoot();
const Sequencer = createRequire(__filename)(join(root, 'jest.sequencer.cjs')) as new () => {
  time: (test: Test) => number | undefined;
  sort: (tests: Test[]) => Promise<Test[]>;
};
const PAGE = 'test/e2e/src/page/page.integration.spec.ts';
const LARGER_ALONE = ['infra/src/components/alarms.spec.ts', 'test/e2e/src/page/residence.long.integration.spec.ts'];
const context = { config: { id: 'none', cache: false }, hasteFS: { getSize: () => 1 } };
const tests = [...LARGER_ALONE, PAGE].map((path) => ({ path: join(root, path), context }));

it('begins with the largest spec, counting the files of its parts, if no duration is known', async () => {
  const [first] = await new Sequencer().sort([...tests]);
  expect(first?.path).toBe(join(root, PAGE));
});

it('begins with the spec that took longest, if durations are known', async () => {
  const sequencer = new Sequencer();
  sequencer.time = ({ path }) => (path.includes('alarms') ? 30 : 20);
  expect((await sequencer.sort([...tests]))[0]?.path).toContain('alarms');
});
