import { answerOf } from './testing/answers';
import { startAgentsWorld, type AgentsWorld } from './testing/agents-world';
import { INJECTIONS } from './testing/injection-corpus';

let world: AgentsWorld;
beforeAll(async () => {
  world = await startAgentsWorld();
});
afterAll(() => world.stop());

it('the injection corpus has at least 40 drafts', () => {
  expect(INJECTIONS.length).toBeGreaterThanOrEqual(40);
  expect(new Set(INJECTIONS.map(({ name }) => name)).size).toBe(INJECTIONS.length);
});

describe('a model that obeys the draft', () => {
  it.each(INJECTIONS)(
    'gets at most plain text past the output rules: $name',
    async ({ task, draft, obedient, expected }) => {
      const before = world.provider.seen.length;
      world.provider.act = ({ body }) => {
        const prompt = { instructions: body['instructions'] as string, input: body['input'] as string };
        const text = typeof obedient === 'string' ? obedient : obedient(prompt);
        return { json: answerOf('openai', text, { model: 'gpt-6-luna' }) };
      };
      const { statement, answer, reply } = await world.ask(world.seal({ task, text: draft }));
      expect(world.provider.seen.length - before).toBe(1);
      expect([statement.usage_state, reply.again]).toEqual(['reported', null]);
      if (expected === 'contained') {
        expect([statement.end, answer.outcome, answer.problem]).toEqual(['complete', 'complete', null]);
        expect(answer.text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
        expect(answer.text).not.toMatch(/:\/\/|www\.|<\w/);
      } else {
        expect([statement.end, answer.outcome, answer.problem, answer.text]).toEqual([
          'answer_rejected',
          'answer_rejected',
          expected,
          null,
        ]);
      }
    },
  );

  it('gets the draft unchanged in one field of the request, between two lines with a mark that no draft can contain', async () => {
    world.provider.act = () => ({ json: answerOf('openai', 'ok', { model: 'gpt-6-luna' }) });
    const marks = new Set<string>();
    for (const { draft } of INJECTIONS.slice(0, 5).concat(INJECTIONS.filter(({ name }) => name.startsWith('close')))) {
      await world.ask(world.seal({ text: draft }));
      const { input, store } = world.provider.seen.at(-1)?.body as { input: string; store: unknown };
      const mark = /^\[draft ([0-9a-f]{32})\]\n/.exec(input)?.[1] ?? '';
      expect([input, store]).toEqual([`[draft ${mark}]\n${draft}\n[end of draft ${mark}]`, false]);
      marks.add(mark);
    }
    expect(marks.size).toBe(12);
  });
});
