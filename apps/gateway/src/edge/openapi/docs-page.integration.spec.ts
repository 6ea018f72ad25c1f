import { chromiumAvailability, openChromium, type Chromium } from '@communique-tee/testing/chromium';
import { describeWith } from '@communique-tee/testing/harness';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { unconnectedGateway } from './testing/unconnected-gateway';

describeWith(chromiumAvailability(), 'the pages at /docs', () => {
  let app: NestFastifyApplication;
  let url: string;
  let chromium: Chromium;

  beforeAll(async () => {
    app = await unconnectedGateway();
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    chromium = await openChromium();
  });
  afterAll(async () => {
    await (chromium as Chromium | undefined)?.close();
    await app.close();
  });

  it('fit a wide and a narrow screen, show operations first and each error in one line, and send no request to another host', async () => {
    const page = await chromium.newPage();
    page.setDefaultTimeout(0);
    const [complaints, asked]: [string[], string[]] = [[], []];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${url}/docs`);
    const operation = (id: string) =>
      page.locator('.opblock', {
        has: page.locator('.opblock-summary-operation-id', { hasText: new RegExp(`^${id}$`) }),
      });
    await operation('submitMessage').locator('.opblock-summary-control').click();
    const errors = operation('submitMessage').locator('tr.response:not([data-code="202"])');
    await errors.first().waitFor();
    expect(await errors.count()).toBeGreaterThan(10);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      expect((await page.locator('.opblock').first().boundingBox())?.y).toBeLessThan(800);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(await errors.locator('.model-example:visible').count()).toBe(0);
    }
    expect(await errors.filter({ hasText: 'message_id_taken: This message id is in use.' }).count()).toBe(1);

    await operation('getLiveness').locator('.opblock-summary-control').click();
    await operation('getLiveness').locator('.try-out__btn').click();
    await operation('getLiveness').locator('.execute').click();
    await operation('getLiveness').locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
    expect(complaints).toEqual([]);
    expect(asked.filter((each) => !each.startsWith(`${url}/`) && !each.startsWith('data:'))).toEqual([]);
    await page.close();
  });
});
