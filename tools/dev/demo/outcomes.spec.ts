import { PRESETS } from '@communique-tee/congress-simulator';
import { UsageError } from '@communique-tee/command-line';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { writeFileSync } from 'node:fs';
import { OUTCOME_NAMES, readOutcomes } from './outcomes';

describe('--outcomes of the demo', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());
  const file = (text: string): string => {
    writeFileSync(folder.file('outcomes.json'), text);
    return folder.file('outcomes.json');
  };

  it('accepts every preset of the simulator, and “expired”', () => {
    expect(Object.keys(OUTCOME_NAMES)).toEqual([...Object.keys(PRESETS), 'expired']);
    for (const name of Object.keys(PRESETS)) expect(readOutcomes(name)).toEqual({ kind: 'preset', name });
    expect(readOutcomes('expired')).toEqual({ kind: 'expired' });
  });

  it('accepts a file with a set of outcomes', () => {
    expect(readOutcomes(file('{"HCA12":{"answer":"slow","seconds":2}}'))).toEqual({
      kind: 'set',
      outcomes: { HCA12: { answer: 'slow', seconds: 2 } },
    });
  });

  it.each([
    ['a misspelt preset', () => 'refuse', 'nor one of delivered, partial'],
    ['a property of Object', () => 'toString', 'nor one of delivered, partial'],
    ['a file that is not JSON', () => file('{'), 'is not JSON'],
    ['an office that does not exist', () => file('{"HCA53":{"answer":"duplicate"}}'), 'at “HCA53”'],
    ['an unknown answer', () => file('{"HCA12":{"answer":"fire"}}'), 'at “HCA12.answer”'],
  ])('refuses %s and says what is wrong', (_name, given, words) => {
    expect(() => readOutcomes(given())).toThrow(UsageError);
    expect(() => readOutcomes(given())).toThrow(words);
  });
});
