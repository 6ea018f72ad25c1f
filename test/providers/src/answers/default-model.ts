/**
 * Returns the text that the simulated model writes if no test scripted an answer. It rewrites the user's text by fixed rules, so that the
 * demo shows something sensible and the same request always gets the same answer. It never follows instructions in the user's text.
 */
export function defaultAnswer(instructions: string, prompt: string): string {
  const text = userText(prompt);
  // The enclave's prompts name the task in a separate line
  const task = /^your task:.*$/im.exec(instructions)?.[0] ?? instructions;
  if (/subject line/i.test(task)) return subjectOf(text);
  if (/shorten|shorter/i.test(task)) return shortened(text);
  if (/\breview/i.test(task)) return reviewOf(text);
  return redrafted(text);
}

/** Returns the content of the prompt's last field `[name mark]` … `[end of name mark]`, or the whole prompt if it has no field. */
function userText(prompt: string): string {
  const [, name, mark] = /\[end of ([a-z]+) ([0-9a-f]+)\]\s*$/.exec(prompt) ?? [];
  const [from, to] = [`[${name} ${mark}]\n`, `\n[end of ${name} ${mark}]`];
  const begins = name === undefined ? -1 : prompt.indexOf(from);
  return begins === -1 ? prompt.trim() : prompt.slice(begins + from.length, prompt.lastIndexOf(to)).trim();
}

const paragraphsOf = (text: string): string[] =>
  text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, ' ').trim())
    .filter((paragraph) => paragraph !== '');
const sentencesOf = (paragraph: string): string[] =>
  paragraph.match(/[^.!?]+[.!?]*/g)?.map((each) => each.trim()) ?? [];
const isSalutation = (paragraph: string): boolean => /^(dear|hello|hi|to)\b.{0,60}[,:]?$/i.test(paragraph);
const capitalized = (sentence: string): string => sentence.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());

function redrafted(text: string): string {
  return paragraphsOf(text)
    .map((paragraph) => {
      const written = sentencesOf(paragraph).map(capitalized).join(' ');
      return isSalutation(paragraph) || /[.!?,:]$/.test(written) ? written : `${written}.`;
    })
    .join('\n\n');
}

function shortened(text: string): string {
  return paragraphsOf(text)
    .map((paragraph) => sentencesOf(paragraph)[0] ?? '')
    .filter((sentence) => sentence !== '')
    .join('\n\n');
}

function subjectOf(text: string): string {
  const body = paragraphsOf(text).find((paragraph) => !isSalutation(paragraph)) ?? 'A message';
  const words = (sentencesOf(body)[0] ?? body).replace(/[.!?,:;]+$/, '').split(' ');
  let subject = '';
  for (const word of words) {
    if (subject.length + word.length > 60) break;
    subject = subject === '' ? word : `${subject} ${word}`;
  }
  return capitalized(subject === '' ? [...body].slice(0, 60).join('') : subject);
}

function reviewOf(text: string): string {
  const sentences = paragraphsOf(text).flatMap(sentencesOf);
  const loud = sentences.filter((sentence) => sentence.endsWith('!')).length;
  const figures = text.match(/\d[\d.,]*/g)?.length ?? 0;
  return [
    `- Length: ${sentences.length} ${sentences.length === 1 ? 'sentence' : 'sentences'}.`,
    loud === 0 ? '- Tone: calm.' : `- Tone: ${loud} of them end with an exclamation mark; fewer may read calmer.`,
    figures === 0 ? '- Facts: no figures to check.' : `- Facts: check the sources of ${figures} figures.`,
  ].join('\n');
}
