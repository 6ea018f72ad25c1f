import type { Template } from '@communique-tee/protocol';

export interface Search {
  readonly words: string;
  /** ISO 639; empty for every language. */
  readonly language: string;
}

/**
 * Returns the templates whose entry in the list contains every typed word. Case and accents are ignored.
 * @param topicName returns a topic's name in the reader's language
 */
export function matching(
  templates: readonly Template[],
  { words, language }: Search,
  topicName: (topic: Template['topics'][number]) => string,
): readonly Template[] {
  const wanted = plain(words)
    .split(/\s+/)
    .filter((word) => word !== '');
  return templates.filter((template) => {
    if (language !== '' && template.language !== language) return false;
    const { title, description, category, subject, campaignId, topics } = template;
    const shown = plain([title, description, category, subject, campaignId, ...topics.map(topicName)].join(' '));
    return wanted.every((word) => shown.includes(word));
  });
}

/** Returns the languages of the templates, in ascending order. */
export function languagesOf(templates: readonly Template[]): readonly string[] {
  return [...new Set(templates.map(({ language }) => language))].sort();
}

function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
