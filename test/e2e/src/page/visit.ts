import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** A tab with a new profile, and everything that went wrong in it. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** Violations of the page's Content-Security-Policy, errors of its scripts, and requests to an origin that it may not request. */
  readonly wrongs: string[];
}

const FAILED = new WeakMap<Page, string[]>();

/** Lists the requests of this tab that got no answer or a status from 400 on. For the error of a test that timed out. */
export function failedRequestsOf(page: Page): string {
  const failed = FAILED.get(page) ?? [];
  return failed.length === 0
    ? 'no request of this tab failed'
    : `requests of this tab that failed:\n${failed.join('\n')}`;
}

/** @param origins the origins that the page may request: its own, the issuer's and, with proofs, the registrar's */
export async function visit(
  browser: Browser,
  origins: readonly string[],
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    viewport: { width: 1100, height: 900 },
    locale: 'en-US',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const wrongs: string[] = [];
  await page.exposeFunction('reportViolation', (text: string) => {
    wrongs.push(text);
  });
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))",
  );
  page.on('pageerror', (error) => wrongs.push(error.message));
  page.on('console', (message) => {
    // The browser also logs each refused request; the tests check what the page shows instead
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      wrongs.push(message.text());
  });
  const failed: string[] = [];
  FAILED.set(page, failed);
  page.on('requestfailed', (request) => failed.push(`${request.failure()?.errorText ?? 'failed'} ${request.url()}`));
  page.on('response', (response) => {
    if (response.status() >= 400) failed.push(`${String(response.status())} ${response.url()}`);
  });
  page.on('request', (request) => {
    if (!origins.includes(new URL(request.url()).origin) && !request.url().startsWith('blob:'))
      wrongs.push(`asked ${request.url()}`);
  });
  // The page asks before it is closed with unsaved text; tests always answer yes
  page.on('dialog', (dialog) => void dialog.accept());
  return { page, wrongs, [Symbol.asyncDispose]: () => context.close() };
}
