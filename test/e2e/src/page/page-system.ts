import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OutcomesInput } from '@communique-tee/congress-simulator';
import { openChromium, type ChromiumOptions } from '@communique-tee/testing/chromium';
import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { HIGH_RATE_LIMITS, startSystem, type System, type SystemOptions } from '@communique-tee/test-system';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { visit, type Visit } from './visit';

export const CAMPAIGN = 'example-campaign';

/** A system and a Chromium for the tests of the page and for the screenshots. */
export interface PageSystem {
  readonly system: System;
  readonly browser: Browser;
  /** Opens an empty tab with a new profile. */
  open(options?: BrowserContextOptions): Promise<Visit>;
  /** Returns a campaign's link to the page. @param more further parameters for its fragment */
  link(more?: Readonly<Record<string, string>>, path?: string): string;
  /** Sets what each office or chamber answers from now on. */
  answers(outcomes: OutcomesInput): Promise<void>;
  /** Returns the violations that axe finds in this tab. @param only the rules to check; all if absent */
  violations(page: Page, only?: readonly string[]): Promise<string[]>;
  stop(): Promise<void>;
}

/** Settings for fast answers and with high rate limits. */
const GATEWAY_ENVIRONMENT = {
  DELIVERY_MIN_BACKOFF_MS: '50',
  DELIVERY_MAX_BACKOFF_MS: '500',
  DELIVERY_POLL_MS: '100',
  ENCLAVE_TIMEOUT_MS: '15000',
  DELIVERY_LEASE_MS: '16000',
  ...HIGH_RATE_LIMITS,
};

export async function startPageSystem(
  options: Pick<SystemOptions, 'gatewayEnvironment' | 'residence'> & ChromiumOptions = {},
): Promise<PageSystem> {
  const folder = await temporaryFolder('page');
  const stops = new AsyncDisposableStack();
  stops.defer(() => folder.remove());
  const stop = () => stops.disposeAsync();
  try {
    const axe = await readFile(
      createRequire(join(workspaceRoot(), 'package.json')).resolve('axe-core/axe.min.js'),
      'utf8',
    );
    const chromium = await openChromium(options);
    stops.defer(() => chromium.close());
    const browser = (await chromium.newPage()).context().browser();
    if (browser === null) throw new Error('the tab has no browser');
    const system = await startSystem({
      folder: folder.path,
      withoutDeduplication: ['senate'],
      residence: options.residence,
      agents: {},
      gatewayEnvironment: { ...GATEWAY_ENVIRONMENT, ...options.gatewayEnvironment },
    });
    stops.defer(() => system.stop());
    return {
      system,
      browser,
      open: (given) => visit(browser, [system.gatewayUrl, system.issuer.issuer, ...registrarOf(options)], given),
      link: (more = {}, path = '/') =>
        `${system.gatewayUrl}${path}#${new URLSearchParams({ campaign: CAMPAIGN, ...more }).toString()}`,
      answers: async (outcomes) => {
        const response = await fetch(`${system.congress.controlUrl}/outcomes`, {
          method: 'PUT',
          body: JSON.stringify(outcomes),
        });
        if (!response.ok) throw new Error(await response.text());
      },
      violations: async (page, only) => {
        await page.evaluate(axe);
        const run = only === undefined ? undefined : { type: 'rule', values: only };
        return page.evaluate<string[]>(
          `axe.run(document, { resultTypes: ['violations'], ...${JSON.stringify(run === undefined ? {} : { runOnly: run })} })
            .then(({ violations }) => violations.flatMap(({ id, nodes }) =>
              nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 200) + ' ' + failureSummary)))`,
        );
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns the origin of the registrar's files, which the page fetches. */
function registrarOf({ residence }: Pick<SystemOptions, 'residence'>): string[] {
  return typeof residence === 'object' ? [new URL(residence.registrar.filesUrl).origin] : [];
}
