import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith } from '@communique-tee/testing/harness';
import {
  bundleForBrowser,
  chromiumAvailability,
  findChromium,
  openModuleInChromium,
  type BrowserModule,
} from './index';

describeWith(chromiumAvailability(), 'a module in Chromium', () => {
  let page: BrowserModule;
  beforeAll(async () => {
    page = await openModuleInChromium(join(__dirname, 'testing/page-module.ts'));
  });
  afterAll(() => page.close());

  it('takes and returns values', async () => {
    expect(await page.call('add', 1, 2)).toBe(3);
  });

  it('runs in a real browser, in a secure context, without Node', async () => {
    expect(await page.call('environment')).toEqual({
      secure: true,
      subtle: 'function',
      node: 'undefined',
      digest: [0xe3, 0xb0],
    });
    expect(page.chromiumVersion).toMatch(/^\d+\./);
  });

  it('passes the errors of the page to the caller, and reports a function that it does not export', async () => {
    await expect(page.call('fail')).rejects.toThrow('as asked');
    await expect(page.call('subtract')).rejects.toThrow('does not export subtract');
  });
});

describe('bundleForBrowser', () => {
  it('refuses a module that needs Node', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
    try {
      writeFileSync(join(folder, 'entry.ts'), "export { readFileSync } from 'node:fs';");
      await expect(bundleForBrowser(join(folder, 'entry.ts'), 'x')).rejects.toThrow('node:fs');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('findChromium', () => {
  it('uses only CHROMIUM_PATH if it is set', () => {
    expect(findChromium({ CHROMIUM_PATH: process.execPath })).toBe(process.execPath);
    expect(findChromium({ CHROMIUM_PATH: '/nowhere/chromium' })).toBeUndefined();
    expect(chromiumAvailability({ CHROMIUM_PATH: '/nowhere/chromium' })).toMatchObject({
      available: false,
      reason: expect.stringContaining('apt-get'),
    });
  });
});
