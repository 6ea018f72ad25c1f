import { LIMITS, type AgentTask } from '@communique-tee/protocol';
import { PROMPT_SENTENCES, normalized } from './prompts/prompt';

/** Why a model's text is not shown. The person learns the reason in the sealed answer. */
export const ANSWER_PROBLEMS = [
  'too_long',
  'not_one_line',
  'preamble',
  'markup',
  'link',
  'prompt',
  'nothing_visible',
] as const;
export type AnswerProblem = (typeof ANSWER_PROBLEMS)[number];

export type Judged = { readonly text: string } | { readonly problem: AnswerProblem };

/** The longest subject and body of a delivered message (libs/protocol congress/message-words.ts), in UTF-16 units. */
const MAX_SUBJECT = 500;
const MAX_BODY = 10_000;
/** A text this short need not be shortened further. */
const SHORT_ENOUGH = 200;

/**
 * Decides whether a model's text is shown. The draft may contain an attacker's instructions to the model, so the text is shown as plain
 * text within limits, or not at all. Invisible characters are removed. A text is refused if it has a link or markup that the draft does not
 * have, a model's thoughts, or a sentence of the image's prompts.
 *
 * @param written what the model wrote, not empty
 * @param mark the mark in the request's prompt
 */
export function judgeText(written: string, task: AgentTask, mark: string): Judged {
  const text = unquoted(visible(written), task);
  if (text === '') return { problem: 'nothing_visible' };
  const own = `${task.subject ?? ''}\n${task.text}`;
  const problem = lengthProblem(text, task) ?? contentProblem(text, own, mark);
  return problem === null ? { text } : { problem };
}

/**
 * Returns the text with a line feed for every kind of line break, and without control, format and filler characters, except the joiners
 * that emoji and scripts need.
 */
function visible(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n|[\r\u000b\u000c\u0085\u2028\u2029]/g, '\n')
    .replace(/\t/g, ' ')
    .replace(
      /(?![\n\u200c\u200d\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Co}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\ufffd]/gu,
      '',
    )
    .replace(JOINERS, (run) => (run === '\ufe0f\u200d' ? run : run.charAt(0)))
    .trim();
}

/**
 * Runs of joiners and variation selectors. Emoji and scripts need at most one of each between two signs; longer runs can spell a hidden
 * text.
 */
const JOINERS = /[\u200c\u200d\ufe0e\ufe0f]{2,}/g;

/** Removes one pair of quotation marks around a subject. */
function unquoted(text: string, { task }: AgentTask): string {
  const inner = task === 'subject' ? /^(?:"([^"\n]+)"|“([^“”\n]+)”|«([^«»\n]+)»)$/u.exec(text) : null;
  return (inner?.[1] ?? inner?.[2] ?? inner?.[3] ?? text).trim();
}

function lengthProblem(text: string, { task, text: draft }: AgentTask): AnswerProblem | null {
  if (task === 'subject') {
    if (text.includes('\n')) return 'not_one_line';
    if (text.length > MAX_SUBJECT) return 'too_long';
    if (PREAMBLE.test(text)) return 'preamble';
  }
  if (task === 'shorten' && text.length > Math.max(SHORT_ENOUGH, draft.length)) return 'too_long';
  if (task !== 'review' && text.length > MAX_BODY) return 'too_long';
  return new TextEncoder().encode(text).length > LIMITS.maxAnswerTextBytes ? 'too_long' : null;
}

/** Matches a label, or talk of the model, before the subject itself. */
const PREAMBLE =
  /^(?:(?:an?|the|my|one|possible|suggested|proposed|best|good|i suggest|un|el|posible)\s[^:]{0,40}(?:subject|asunto)|title(?=:)|t[ií]tulo(?=:)|sure|certainly|of course|okay|ok|here(?:'s|’s| is| are)|subject|asunto|re|claro|por supuesto|aquí)(?![\p{L}\p{N}])[^:]{0,60}:/iu;

/** Matches the tags around a model's thoughts, which are not the answer. */
const THOUGHTS = /<\s*(?:\/\s*)?(?:think|thinking|thought|thoughts|reasoning|scratchpad|analysis)\b/iu;
/** Matches the start of a tag, a code fence, or a link in Markdown. */
const MARKUP = /<!--|<\s*\||<\s*(?:[/!?]\s*)?\p{L}[^\s>]{0,40}|```|!?\[[^\]\n]{0,200}\]\(/giu;

const UNSEEN = /[\u200c\u200d\ufe0e\ufe0f]/g;

/**
 * Returns why the text must not be shown, or null. An attacker may write a draft that is slow to search, so the time of every pattern here
 * grows linearly with the text's length.
 */
function contentProblem(written: string, drafted: string, mark: string): AnswerProblem | null {
  // Invisible characters must not hide a tag or a link
  const text = written.replace(UNSEEN, '');
  const own = drafted.replace(UNSEEN, '');
  if (THOUGHTS.test(text)) return 'markup';
  const ownMarkup = new Set(matches(own, MARKUP));
  if (matches(text, MARKUP).some((found) => !ownMarkup.has(found))) return 'markup';
  const ownLinks = withHosts(linksIn(own));
  if (linksIn(text).some((link) => !ownLinks.has(link))) return 'link';
  if (text.toLowerCase().includes(mark)) return 'prompt';
  const [answer, draft] = [normalized(text), normalized(own)];
  return PROMPT_SENTENCES.some((sentence) => answer.includes(sentence) && !draft.includes(sentence)) ? 'prompt' : null;
}

/**
 * Matches a scheme and the rest of the address, or a host name and the rest of the address. With an @ before the host name, the match is an
 * email address.
 */
const LINK =
  /(?:[a-z][a-z0-9+.-]{1,20}:\/\/|(?:mailto|javascript|data|vbscript|file|tel|sms):(?=\S)|www\.)\S+|\S{0,64}@\S+|(?<![\p{L}\p{N}_-])(?:[\p{L}\p{N}_-]{1,63}\.){1,8}\p{L}{2,63}(?:[/:?#]\S*)?/giu;
/**
 * Matches text that looks like a host name and is none: citations of bills, and Spanish plural abbreviations such as EE.UU. An abbreviation
 * that ends with a country's domain (cc, ee, gg, mm, ss, tt) is not matched, because it could be a host name.
 */
const NO_LINKS =
  /(?<![\p{L}\p{N}./@:_-])(?:[hs]\.\s?(?:(?:j|con)\.\s?)?(?:res|r)\b\.?|([a-z])\1\.(?!cc|ee|gg|mm|ss|tt)([a-z])\2(?!\.?[\p{L}\p{N}@/:-]))/giu;

/** Returns the links of a text in a normal form, in which two spellings of one link are equal and a look-alike differs. */
function linksIn(text: string): string[] {
  const plain = text
    .normalize('NFKC')
    .replace(/[\u3002\uff0e\uff61]/g, '.')
    .replace(NO_LINKS, ' ')
    .toLowerCase();
  return matches(plain, LINK).map((link) =>
    link
      .replace(/^[("'“‘<[]+|(?<![)\]>"'”’.,;:!?])[)\]>"'”’.,;:!?]+$/gu, '')
      .replace(/^https?:\/\//, '')
      .replace(/^www\./, '')
      .replace(/\/$/, ''),
  );
}

/** Returns the links and the host of each, because an answer may name the host of a link that the draft has. */
function withHosts(links: readonly string[]): Set<string> {
  return new Set(links.flatMap((link) => [link, ...(link.includes('@') ? [] : [link.replace(/[/:?#].*$/s, '')])]));
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([found]) => found.toLowerCase());
}
