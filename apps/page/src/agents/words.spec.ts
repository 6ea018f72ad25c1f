import { CLIENT_ERROR_CODES } from '@communique-tee/client';
import { AGENT_OUTCOMES, PROBLEMS, PROVIDER_FAILURES, PROVIDERS } from '@communique-tee/protocol';
import english from '../text/languages/en';
import spanish from '../text/languages/es';
import { failureWords, outcomeWords, providerName } from './words';

const SENTENCE = /^[¿A-Z].*[.?]$/;

describe.each([
  ['en', english],
  ['es', spanish],
] as const)('in %s', (_, { agents, send }) => {
  it('has words for every outcome, and for every failure of a provider', () => {
    for (const outcome of AGENT_OUTCOMES)
      expect([outcome, outcomeWords({ outcome, problem: null }, false, agents)]).toEqual([
        outcome,
        expect.stringMatching(/^[A-Z]/),
      ]);
    for (const problem of [...PROVIDER_FAILURES, 'other', 'not_sent', 'a_newer_word'])
      expect([problem, outcomeWords({ outcome: 'provider_failed', problem }, false, agents)]).toEqual([
        problem,
        expect.stringMatching(SENTENCE),
      ]);
  });

  it('distinguishes a failure that passes with time from one that the operator has to fix', () => {
    const of = (problem: string) => outcomeWords({ outcome: 'provider_failed', problem }, false, agents);
    expect(['rate', 'overloaded', 'server_error'].map(of)).toEqual(Array(3).fill(agents.provider.busy));
    expect(['funds', 'key', 'location', 'free_tier'].map(of)).toEqual(Array(4).fill(agents.provider.account));
  });

  it('states that the end is missing if an answer was cut, also for a review', () => {
    expect(outcomeWords({ outcome: 'cut', problem: null }, true, agents)).toBe(agents.outcomes.cut);
  });

  it('has a sentence for every problem of the gateway and error of the client library, and none is about a message', () => {
    const about = /message was|mensaje (no )?se envió/i;
    for (const [problem, { status }] of Object.entries(PROBLEMS))
      expect(failureWords({ code: 'refused', problem, status }, agents, send)).toMatch(SENTENCE);
    for (const code of [...CLIENT_ERROR_CODES, 'not_verified', 'not_loaded', 'page_fault'] as const) {
      const words = failureWords({ code, problem: undefined, status: undefined }, agents, send);
      expect([code, words]).toEqual([code, expect.stringMatching(SENTENCE)]);
      expect(words).not.toMatch(about);
    }
  });

  it.each([
    ['model_off', 503, agents.failures.model_off],
    ['emergency_stop', 503, agents.failures.emergency_stop],
    ['task_running', 429, agents.failures.task_running],
    ['agent_share_reached', 429, agents.failures.agent_share_reached],
    ['user_daily_limit_reached', 429, agents.failures.user_daily_limit_reached],
    ['system_hourly_limit_reached', 503, agents.failures.full],
    ['outcome_unknown', 409, agents.failures.outcome_unknown],
    ['enclave_busy', 503, agents.failures.busy],
    ['unauthenticated', 401, send.errors.unauthenticated],
  ] as const)('has the right sentence for %s', (problem, status, words) => {
    expect(failureWords({ code: 'refused', problem, status }, agents, send)).toBe(words);
  });
});

it('names every provider as people know it', () => {
  expect(PROVIDERS.map((provider) => providerName({ provider }))).toEqual(['OpenAI', 'Google', 'Anthropic']);
});
