import { useSignalEffect } from '@preact/signals';
import { render, type ComponentChildren } from 'preact';
import { dropLinkedLanguage, followLink, linkedLanguage } from '../link';
import { TrustBar } from '../trust/trust-bar';
import { linkHash, trust } from '../trust/trust';
import { watchEnclave } from '../trust/watch';
import { DEFAULT, language, LANGUAGES, nameOfLanguage, preferredLanguage, text, useLanguage } from '../text/text';
import type { PageName } from '../text/texts-of';

const PAGES: Readonly<Record<PageName, string>> = { write: '/', verify: '/verify', status: '/status' };

/** What every page has around its content: skip link, name, pages, language, trust bar, footer. */
export function Layout({ page, children }: { readonly page: PageName; readonly children: ComponentChildren }) {
  const { common } = text.value;
  useSignalEffect(() => {
    const demo = 'demo' in trust.value && trust.value.demo ? `${text.value.trust.demo} · ` : '';
    document.title = `${demo}${text.value[page].title} · ${text.value.common.wordmark}`;
  });
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        {common.skip}
      </a>
      <header class="top">
        <a class="wordmark" href={`/${linkHash.value}`}>
          {common.wordmark}
        </a>
        <nav aria-label={common.pages}>
          {(Object.keys(PAGES) as PageName[]).map((name) => (
            <a key={name} href={`${PAGES[name]}${linkHash.value}`} aria-current={name === page ? 'page' : undefined}>
              {common[name]}
            </a>
          ))}
          <a href="/docs">{common.api}</a>
        </nav>
        <LanguageSelect page={page} />
      </header>
      <TrustBar />
      <main id="main" tabindex={-1}>
        {children}
      </main>
      <footer>
        <p>{common.noThirdParty}</p>
      </footer>
    </>
  );
}

/** Moves the focus without changing the address's fragment, which holds the campaign link's parameters. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function LanguageSelect({ page }: { readonly page: PageName }) {
  return (
    <label class="language">
      <span class="unseen">{text.value.common.language}</span>
      <select
        value={language.value}
        onChange={({ currentTarget }) => {
          // If the language cannot be fetched, the page keeps the current one.
          useLanguage(page, currentTarget.value).then(dropLinkedLanguage, () => {
            currentTarget.value = language.value;
          });
        }}
      >
        {LANGUAGES.map((code) => (
          <option key={code} value={code} lang={code}>
            {nameOfLanguage(code)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Starts a page: reads its link, loads its language, checks the enclave and draws the content. */
export async function start(page: PageName, content: () => ComponentChildren): Promise<void> {
  const root = document.getElementById('app');
  if (root === null) throw new Error('the document has no #app');
  followLink();
  watchEnclave();
  try {
    // If its language cannot be loaded, the page is in English.
    await useLanguage(page, preferredLanguage(linkedLanguage.value), false).catch(() =>
      useLanguage(page, DEFAULT, false),
    );
  } catch {
    // Show now the notice that the document would show after some seconds.
    root.querySelector('.not-loaded')?.setAttribute('role', 'alert');
    return;
  }
  root.replaceChildren();
  const Content = () => <>{content()}</>;
  render(
    <Layout page={page}>
      <Content />
    </Layout>,
    root,
  );
}
