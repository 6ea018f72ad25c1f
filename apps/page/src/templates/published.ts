// The campaign texts from which a person can start a message. The page fetches the whole list, so the server does not learn which text the
// person uses.
import type { Template } from '@communique-tee/protocol';
import { batch, computed, signal } from '@preact/signals';
import { link } from '../link';
import { keepInTab, keptInTab } from '../tab';

type Loaded = typeof import('./loaded');

export type Published =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed' }
  /** `part`: the code that reads and shows the list. */
  | { readonly kind: 'here'; readonly templates: readonly Template[]; readonly part: Loaded };

const state = signal<Published>({ kind: 'loading' });
export const published = computed(() => state.value);

/** Fetches the list, and the part of the page that shows it. Never throws; `published` shows the outcome. */
export async function loadPublished(): Promise<void> {
  state.value = { kind: 'loading' };
  try {
    const part = await import('./loaded');
    state.value = { kind: 'here', templates: await part.fetchTemplates(), part };
  } catch {
    state.value = { kind: 'failed' };
  }
}

/** The person's choice on the page, in place of the link's text (`insteadOf`). `slug` is empty if they chose no text. */
interface Choice {
  readonly slug: string;
  readonly insteadOf: string;
}

const KEY = 'communique-tee template';
const choice = signal(readChoice(keptInTab(KEY)));

/** The slug of the text to start from; undefined for none. The person's choice counts until a link names another text. */
const wanted = computed((): string | undefined => {
  const linked = link.value.template ?? '';
  const slug = choice.value?.insteadOf === linked ? choice.value.slug : linked;
  return slug === '' ? undefined : slug;
});

/** The text that the message starts from, once the list is loaded. */
export const started = computed((): Template | undefined => {
  const list = state.value;
  return list.kind === 'here' ? list.templates.find(({ slug }) => slug === wanted.value) : undefined;
});

/** The notice about a requested text that is not available. */
export const absence = computed((): 'loading' | 'failed' | 'missing' | undefined => {
  if (wanted.value === undefined || started.value !== undefined) return undefined;
  return state.value.kind === 'here' ? 'missing' : state.value.kind;
});

/** The tab remembers the choice of a text across a sign-in. @param slug undefined to start from no text while this page is open */
export function choose(slug: string | undefined): void {
  const next = { slug: slug ?? '', insteadOf: link.peek().template ?? '' };
  batch(() => {
    choice.value = next;
    keepInTab(KEY, slug === undefined ? undefined : JSON.stringify(next));
  });
}

function readChoice(text: string | undefined): Choice | undefined {
  try {
    const given = JSON.parse(text ?? 'null') as Partial<Record<keyof Choice, unknown>> | null;
    const { slug, insteadOf } = given ?? {};
    return typeof slug === 'string' && typeof insteadOf === 'string' ? { slug, insteadOf } : undefined;
  } catch {
    return undefined;
  }
}
