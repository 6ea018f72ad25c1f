// The parameters of the campaign link that opened the page. They are in the fragment of the address, which browsers
// do not send to servers.
import { computed, signal } from '@preact/signals';
import { keepInTab, keptInTab } from './tab';

export interface Link {
  /** The campaign id of the message. */
  readonly campaign?: string;
  /** The name of a template. */
  readonly template?: string;
  /** The language to show, ISO 639. */
  readonly lang?: string;
}

/** `twice`: a parameter has two values. `invalid`: its value is too long or has forbidden characters. `too_long`: the whole fragment. */
export interface LinkProblem {
  readonly kind: 'twice' | 'invalid' | 'too_long';
  readonly parameter?: string;
}

/** `lang`: the language of a refused link. The page explains the refusal in this language. */
export type ReadLink =
  | { readonly ok: true; readonly link: Link }
  | { readonly ok: false; readonly problem: LinkProblem; readonly lang?: string | undefined };

const MAX_LENGTH = 32_768;
/** Values have only characters that mail programs and messengers do not change in a link, and that cannot imitate other text on the page. */
const VALUES: Readonly<Record<keyof Link, RegExp>> = {
  campaign: /^[A-Za-z0-9][A-Za-z0-9 ._:~/-]{0,126}[A-Za-z0-9._~-]$/,
  template: /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/,
  lang: /^[a-z]{2,3}$/,
};

/**
 * Reads `#campaign=...&template=...&lang=...`. Other parameters are ignored: the trust store reads `pcr0` and `pcr3`, and programs that send
 * mail add their own. A fragment without `=` leads to a place in the page and is no campaign link.
 * @param hash with or without `#`; at most 32,768 characters
 */
export function readLink(hash: string): ReadLink {
  const text = hash.replace(/^#/, '');
  if (text.length > MAX_LENGTH) return { ok: false, problem: { kind: 'too_long' } };
  if (!text.includes('=')) return { ok: true, link: {} };
  const parameters = new URLSearchParams(text);
  const refuse = (problem: LinkProblem): ReadLink => {
    const [lang, ...more] = parameters.getAll('lang');
    return { ok: false, problem, lang: more.length === 0 && VALUES.lang.test(lang ?? '') ? lang : undefined };
  };
  const twice = Object.keys(VALUES).find((name) => parameters.getAll(name).length > 1);
  if (twice !== undefined) return refuse({ kind: 'twice', parameter: twice });
  const given = Object.entries(VALUES).flatMap(([name, form]) => {
    const value = parameters.get(name);
    return value === null ? [] : [{ name, value, fits: form.test(value) }];
  });
  const wrong = given.find(({ fits }) => !fits);
  return wrong === undefined
    ? { ok: true, link: Object.fromEntries(given.map(({ name, value }) => [name, value])) }
    : refuse({ kind: 'invalid', parameter: wrong.name });
}

const read = signal<ReadLink>({ ok: true, link: {} });
/** The fragment, without `#`, from which `read` was made. */
let current = '';

/** The valid parameters of the address; empty if there are none. */
export const link = computed((): Link => (read.value.ok ? read.value.link : {}));
/** The language that the link names, even if the rest of the link cannot be used. */
export const linkedLanguage = computed(() => (read.value.ok ? read.value.link.lang : read.value.lang));
/** Why the link cannot be used; undefined if it can. */
export const linkProblem = computed(() => (read.value.ok ? undefined : read.value.problem));

/** The link as a fragment without `#`, such as `campaign=parks-2026&lang=es`; empty if it has no parameter. */
export const linkText = computed(() => textOf(link.value));

const KEY = 'communique-tee campaign';

/**
 * Reads the address now, and again when the person opens another link in this tab. The tab remembers the parameters, so that the other pages
 * of the site have them too. Call it after `startSignIn`, which restores the fragment.
 */
export function followLink(): void {
  look();
  addEventListener('hashchange', look);
}

function look(): void {
  const here = ownPart(location.hash);
  if (here !== undefined) keepInTab(KEY, here);
  current = here ?? keptInTab(KEY) ?? '';
  read.value = readLink(current);
}

/** Call it when the person has picked a language. The link's language then no longer applies in this tab. */
export function dropLinkedLanguage(): void {
  if (linkedLanguage.value === undefined) return;
  current = withoutLanguage(current);
  keepInTab(KEY, current === '' ? undefined : current);
  const address = new URL(location.href);
  if (new URLSearchParams(address.hash.slice(1)).has('lang')) {
    address.hash = withoutLanguage(address.hash.slice(1));
    history.replaceState(history.state, '', address);
  }
  read.value = readLink(current);
}

function withoutLanguage(fragment: string): string {
  const parameters = new URLSearchParams(fragment);
  parameters.delete('lang');
  return parameters.toString();
}

/**
 * Returns the parameters that `readLink` reads, as text for the tab to remember. It keeps invalid ones, so that every page of the site
 * refuses them. Undefined if there are none.
 */
function ownPart(hash: string): string | undefined {
  const text = hash.replace(/^#/, '');
  if (text.length > MAX_LENGTH) return text.slice(0, MAX_LENGTH + 1);
  if (!text.includes('=')) return undefined;
  const own = [...new URLSearchParams(text)].filter(([name]) => Object.hasOwn(VALUES, name));
  return own.length === 0 ? undefined : new URLSearchParams(own).toString();
}

function textOf(parts: Link): string {
  return new URLSearchParams({ ...parts }).toString();
}
