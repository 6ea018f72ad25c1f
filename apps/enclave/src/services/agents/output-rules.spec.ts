import type { AgentTask, Task } from '@communique-tee/protocol';
import { judgeText } from './output-rules';
import { TASK_PROMPTS } from './prompts/prompt';

const MARK = '0123456789abcdef0123456789abcdef';
const taskOf = (
  task: Task,
  text = 'Please mend the roads. They are bad, and the county has not mended them for ten years.',
  subject: string | null = null,
): AgentTask => ({
  version: 1,
  task,
  modelClass: 'fast',
  maxOutputTokens: 1024,
  language: 'en',
  subject,
  text,
});
const judge = (task: Task, written: string, draft?: string) => {
  const judged = judgeText(written, taskOf(task, draft), MARK);
  return 'text' in judged ? judged.text : { problem: judged.problem };
};

describe('a subject', () => {
  it.each([
    ['a second line', 'Roads\r\nBcc: x@example.org', 'not_one_line'],
    ['a line separator', 'Roads\u2028x', 'not_one_line'],
    ['a next line character', 'Roads\u0085x', 'not_one_line'],
    ['thoughts', '<think>hm</think>Roads', 'markup'],
    ['thoughts without an end', '<think>hm', 'markup'],
    ['thoughts in another case with blanks', '< THINK >hm</ think >Roads', 'markup'],
    ['a preamble on a line of its own', 'Here is a subject:\n"Roads"', 'not_one_line'],
    ['a preamble', 'Here is a subject: Roads', 'preamble'],
    ['a preamble in Spanish', 'Aquí tiene un asunto: Carreteras', 'preamble'],
    ['a label', 'Subject: Roads', 'preamble'],
    ['a label in another case', 'SUBJECT LINE: Roads', 'preamble'],
    ['a title as a label', 'Title: Roads', 'preamble'],
    ['a sentence before it', 'A good subject line would be: Roads', 'preamble'],
    ['a suggestion', 'Suggested subject: Roads', 'preamble'],
    ['a sentence in Spanish before it', 'Un posible asunto: Carreteras', 'preamble'],
    ['thoughts that end without a start', 'hm</think>Roads', 'markup'],
    ['thoughts after it', 'Roads <thinking>hm', 'markup'],
    ['thoughts whose tag a joiner hides', '<\u200dthink>hm</\u200dthink>Roads', 'markup'],
    ['markers of a channel', '<|channel|>analysis<|message|>hm', 'markup'],
    ['a paragraph separator', 'Roads\u2029x', 'not_one_line'],
    ['a vertical tab', 'Roads\u000bx', 'not_one_line'],
    ['a form feed', 'Roads\fx', 'not_one_line'],
    ['a carriage return alone', 'Roads\rBcc: x', 'not_one_line'],
    ['501 characters', 'x'.repeat(501), 'too_long'],
    ['nothing that can be seen', '\u200b\u2060', 'nothing_visible'],
  ])('is refused if it has %s', (_name, written, problem) => {
    expect(judge('subject', written)).toEqual({ problem });
  });

  it.each([
    ['Mend the roads of Oakland', 'Mend the roads of Oakland'],
    ['  Mend the roads\n', 'Mend the roads'],
    ['"Mend the roads"', 'Mend the roads'],
    ['“Mend the roads”', 'Mend the roads'],
    ['Roads: please mend them', 'Roads: please mend them'],
    ['Title IX: protect our schools', 'Title IX: protect our schools'],
    ['The farm bill: vote no', 'The farm bill: vote no'],
    ['Roads\tand\u0000 bridges', 'Roads and bridges'],
    ['x'.repeat(500), 'x'.repeat(500)],
  ])('is cleaned to one line: %j', (written, text) => {
    expect(judge('subject', written)).toBe(text);
  });
});

describe('the characters of an answer', () => {
  it('include no tag letters, bidi controls, zero-width spaces or control characters', () => {
    expect(
      judge(
        'draft',
        'Dear\u{e0048}\u{e0049} Sen\u202eator\u200b, hi\u0000\u001b\u2066\u061c\u200f\ufeff\u00ad\u3164\u{e0100}',
      ),
    ).toBe('Dear Senator, hi');
  });

  it('keep emoji with joiners, variation selectors, Persian, line breaks and accents', () => {
    const text = 'We are 👨‍👩‍👧‍👦 ❤️ and می‌خواهم\n\n¿Qué pasó?';
    expect(judge('draft', text)).toBe(text);
  });

  it('include line feeds as the only line breaks, and no tabs', () => {
    expect(judge('draft', 'a\r\nb\rc\u2029d\te')).toBe('a\nb\nc\nd e');
  });

  it('keep one joiner between two signs, but no run of joiners that could spell a hidden text', () => {
    const hidden = '\u200d\u200c\u200c\u200d\ufe0f\ufe0e'.repeat(20);
    expect(judge('draft', `Dear${hidden} Senator`)).toBe('Dear\u200d Senator');
    const text = '🏳️‍🌈 👩‍❤️‍👨 क्‍ष';
    expect(judge('draft', text)).toBe(text);
  });

  it('include no lone surrogate', () => {
    expect(judge('draft', 'Dear \ud83d Senator')).toBe('Dear  Senator');
  });
});

describe('the links of an answer', () => {
  const OWN = 'See https://example.org/roads and write to me@example.org, or look at example.net.';

  it.each([
    'See https://evil.example/x',
    'See HTTPS://EVIL.EXAMPLE',
    'See evil.com',
    'See www.evil',
    'See evil.com/path?x=1',
    'See ｅｖｉｌ．ｃｏｍ',
    'See evil。com',
    'See ev\u200bil.com',
    'See evil\u200d.com',
    'See https:\ufe0f//evil',
    'See www\u200c.evil',
    'Write to a@evil',
    'Write to a@evil.com',
    'javascript:alert(1)',
    'mailto:a',
    'data:text/html,x',
    'tel:+12025550100',
    'ftp://x',
    'http://1.2.3.4/',
    'See xn--e1afmkfd.xn--p1ai',
    'See https://example.org/roads/../evil',
    'See https://example.org.evil.com',
    'See example.org@evil.com',
    'See https://example.org/roads?token=abc',
    'See example.org/other',
    'See example.org:8443',
    'See ftp://example.org/roads',
    'See ee.uu.com',
    'See https://h.r/evil',
    'See a@ee.uu',
    'See aa.ee',
    'See uu.ee/x',
  ])('are refused if the draft has no such address: %s', (written) => {
    expect(judge('draft', written, OWN)).toEqual({ problem: 'link' });
  });

  it.each([
    'See https://example.org/roads.',
    'See (https://example.org/roads), please.',
    'See HTTPS://EXAMPLE.ORG/roads',
    'Write to me@example.org!',
    'Look at example.net: it is good.',
    'See www.example.org/roads, or http://example.org/ and example.org.',
    'Vivo en EE.UU. (los EE.UU., donde los DD.HH. y las FF.AA. importan).',
    'Support H.R. 1234, S.J.Res. 5, H.Con.Res.7 and S.5 in the U.S. Congress, e.g. by 3 p.m. on Nov. 30, for $1.50 a day.',
  ])('are shown if the draft has them, and text that only looks like a link is shown too: %s', (written) => {
    expect(judge('draft', written, OWN)).toBe(written);
  });
});

describe('an answer with markup', () => {
  it.each([
    '<img src=x>',
    '</script>',
    '<!-- x -->',
    '<b>bold</b>',
    '```sh\nrm\n```',
    '[click](x)',
    '![x](y)',
    '< svg onload=x>',
  ])('is refused: %s', (written) => {
    expect(judge('draft', written)).toEqual({ problem: 'markup' });
  });

  it('is shown if the draft has the same markup, or if a < only compares', () => {
    expect(judge('draft', 'I earn <b>less</b> than they do.', 'I earn <b>less</b>')).toBe(
      'I earn <b>less</b> than they do.',
    );
    expect(judge('draft', 'We earn < $50,000 and pay 2 < 3 taxes.')).toBe('We earn < $50,000 and pay 2 < 3 taxes.');
  });
});

describe('an answer that repeats the prompt', () => {
  it.each(Object.entries(TASK_PROMPTS))('of task %s is refused, in any case and spacing', (_task, prompt) => {
    expect(judge('draft', prompt)).toEqual({ problem: 'prompt' });
    expect(judge('draft', `SURE: ${prompt.toUpperCase().replaceAll(' ', '  ')}`)).toEqual({ problem: 'prompt' });
  });

  it('is refused if it repeats the mark of the request', () => {
    expect(judge('draft', `It is ${MARK.toUpperCase()}.`)).toEqual({ problem: 'prompt' });
  });
});

describe('the length of an answer', () => {
  it('is at most the length of a delivered body', () => {
    expect(judge('draft', 'x'.repeat(10_000))).toHaveLength(10_000);
    expect(judge('draft', 'x'.repeat(10_001))).toEqual({ problem: 'too_long' });
    expect(judge('review', 'é'.repeat(6001))).toEqual({ problem: 'too_long' });
  });

  it('is at most the draft’s length for the task shorten, unless the text is short anyway', () => {
    const draft = 'word '.repeat(100).trim();
    expect(judge('shorten', draft, draft)).toBe(draft);
    expect(judge('shorten', `${draft} more`, draft)).toEqual({ problem: 'too_long' });
    expect(judge('shorten', 'Please mend the roads, all of them.', 'Mend roads')).toBe(
      'Please mend the roads, all of them.',
    );
  });

  it('does not make the judging slow, whatever characters repeat', () => {
    for (const piece of ['a', 'a.', '<', '[', 'a@', '@', '.', '://', 'h.', '-', '\u200d'])
      expect(judge('review', piece.repeat(12_000 / piece.length))).toBeDefined();
  });

  it.each([
    ['blanks after the start of a tag', `<${' '.repeat(9000)}`],
    ['blanks after many starts of tags', `<${' '.repeat(90)}`.repeat(100)],
    ['marks at the end of a link', `www.${'!'.repeat(9000)}a`],
    ['marks that normalization doubles', `a@${'‼'.repeat(3000)}a`],
  ])('does not let a draft with %s make the judging slow', (_name, hostile) => {
    const cpuMs = (draft: string): number => {
      const before = process.cpuUsage();
      judge('review', 'Dear Senator', draft);
      judge('review', draft, 'Dear Senator');
      return process.cpuUsage(before).user / 1000;
    };
    const least = (draft: string) => Math.min(...Array.from({ length: 3 }, () => cpuMs(draft)));
    // With quadratic time, the hostile draft would take a hundred times as long
    expect(least(hostile)).toBeLessThan(20 * (least('word '.repeat(1800)) + 1));
  });
});
