import { useComputed, useSignalEffect } from '@preact/signals';
import { render, type ComponentChildren } from 'preact';
import { TrustBar } from '../trust/trust-bar';
import { watchEnclave } from '../trust/watch';
import { language, LANGUAGES, nameOfLanguage, preferredLanguage, text, useLanguage } from '../text/text';

const PAGES = { write: '/', verify: '/verify', status: '/status' } as const;
export type PageName = keyof typeof PAGES;

/** What every page has around its content: skip link, name, pages, language, trust bar, footer. */
export function Layout({ page, children }: { readonly page: PageName; readonly children: ComponentChildren }) {
  const { common } = text.value;
  const title = useComputed(() => text.value[page].title);
  useSignalEffect(() => {
    document.title = `${title.value} · ${text.value.common.wordmark}`;
  });
  return (
    <>
      <a class="skip" href="#main">
        {common.skip}
      </a>
      <header class="top">
        <a class="wordmark" href="/">
          {common.wordmark}
        </a>
        <nav aria-label={common.pages}>
          {(Object.keys(PAGES) as PageName[]).map((name) => (
            <a key={name} href={PAGES[name]} aria-current={name === page ? 'page' : undefined}>
              {common[name]}
            </a>
          ))}
          <a href="/docs">{common.api}</a>
        </nav>
        <LanguageSelect />
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

function LanguageSelect() {
  return (
    <label class="language">
      <span class="unseen">{text.value.common.language}</span>
      <select
        value={language.value}
        onChange={({ currentTarget }) => {
          void useLanguage(currentTarget.value);
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

/** Starts a page: its language, the check of the enclave, its content. */
export async function start(page: PageName, content: () => ComponentChildren): Promise<void> {
  const root = document.getElementById('app');
  if (root === null) throw new Error('the document has no #app');
  watchEnclave();
  await useLanguage(preferredLanguage(), false);
  root.replaceChildren();
  const Content = () => <>{content()}</>;
  render(
    <Layout page={page}>
      <Content />
    </Layout>,
    root,
  );
}
