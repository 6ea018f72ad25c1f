import { sameModel } from './same-model';

it.each([
  ['claude-haiku-4-5', 'claude-haiku-4-5'],
  ['claude-haiku-4-5', 'claude-haiku-4-5-20251001'],
  ['gpt-5.5-pro', 'gpt-5.5-pro-2026-04-23'],
  ['gemini-2.5-pro', 'models/gemini-2.5-pro'],
  ['gemini-2.5-pro', 'models/gemini-2.5-pro-20260101'],
  ['claude-haiku-4-5-20251001', 'claude-haiku-4-5-20251001'],
])('accepts an answer for %s from %s', (configured, answered) => {
  expect(sameModel(configured, answered)).toBe(true);
});

it.each([
  ['claude-haiku-4-5', 'claude-haiku-4-5-20251001-20251002'],
  ['claude-haiku-4-5-20251001', 'claude-haiku-4-5-20260101'],
  ['claude-haiku-4-5-20251001', 'claude-haiku-4-5'],
  ['claude-haiku-4-5', 'claude-haiku-4-5-latest'],
  ['gpt-5.5', 'gpt-5.5-pro-2026-04-23'],
  ['gpt-5.5-pro', 'gpt-5.5-pro-2026-13-23'],
  ['gpt-5.5-pro', 'gpt-5.5-pro-12345678'],
  ['gemini-2.5-pro', 'models/models/gemini-2.5-pro'],
  ['gemini-2.5-pro', 'gemini-2.5-pro-exp'],
  ['gemini-2.5-pro', 'Gemini-2.5-pro'],
  ['gemini-2.5-pro', ''],
])('does not accept an answer for %s from %s', (configured, answered) => {
  expect(sameModel(configured, answered)).toBe(false);
});
