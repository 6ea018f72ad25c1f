import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** A tab in a profile of its own, and everything that went wrong in it. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** What broke the page's Content-Security-Policy, its scripts' errors, and requests to anybody else. */
  readonly wrongs: string[];
}

export async function visit(browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    viewport: { width: 1100, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  const wrongs: string[] = [];
  await page.exposeFunction('reportViolation', (text: string) => {
    wrongs.push(text);
  });
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`))",
  );
  page.on('pageerror', (error) => wrongs.push(error.message));
  page.on('console', (message) => {
    // A refused request is said there too; what the page makes of it is what is tested
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      wrongs.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin && !request.url().startsWith('blob:'))
      wrongs.push(`asked ${request.url()}`);
  });
  return { page, wrongs, [Symbol.asyncDispose]: () => context.close() };
}
