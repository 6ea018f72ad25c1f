import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  committedProof,
  computePlanned,
  PLANNED_PROOFS,
  referenceStringForTests,
} from '@communique-tee/residence/testing';
import { chromiumAvailability, openChromium } from '@communique-tee/testing/chromium';
import { percentilesOf } from '../load/percentiles';
import { notMeasured, type Row } from '../measure';
import type { ProvingFiles } from './proving-files';

const PROOFS = 8;
/** The aim for a proof, once everything is loaded. */
const MOST_PROVE_MS = 1000;

/**
 * Measures proving in headless Chromium on this machine, in a page without cross-origin isolation, with the worker and the files that the
 * gateway serves.
 */
export async function chromiumRows({ files }: ProvingFiles): Promise<Row[]> {
  const what = 'prove in Chromium';
  const referenceString = referenceStringForTests();
  const [planned] = PLANNED_PROOFS;
  if (!chromiumAvailability().available) return [notMeasured(what, 'ms', 'chromium')];
  if (referenceString === undefined || planned === undefined) return [notMeasured(what, 'ms', 'reference string')];
  const server = createServer((request, response) => {
    const name = (request.url ?? '/').slice(1);
    const file = files[name];
    if (name === 'string.dat')
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(referenceString);
    else if (file === undefined) response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
    else
      response
        .writeHead(200, { 'content-type': file.contentType, 'content-encoding': 'gzip' })
        .end(Buffer.from(file.gzipBase64, 'base64'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const chromium = await openChromium();
  try {
    const page = await chromium.newPage();
    await page.goto(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
    const path = (stem: string) => `/${Object.keys(files).find((name) => name.startsWith(`${stem}-`)) ?? ''}`;
    const { inputs, publicInputs } = computePlanned(planned).witness(committedProof(planned.name).sealedBytes);
    const asked = {
      files: {
        worker: path('proving'),
        barretenberg: path('barretenberg'),
        acvm: path('acvm'),
        referenceString: '/string.dat',
      },
      witness: { inputs, publicInputs },
      times: PROOFS + 1,
    };
    const text = JSON.stringify(asked, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value));
    const ms: number[] = await page.evaluate(`import('/bench.js').then(({ timesOf }) => timesOf(${text}))`);
    const [first = 0, ...later] = ms;
    return [
      {
        what: `${what}, the first`,
        value: first,
        unit: 'ms',
        note: 'with loading 4 MB on this machine',
      },
      {
        what: `${what}, later, p50`,
        value: percentilesOf(later).p50,
        unit: 'ms',
        note: `the aim is ${String(MOST_PROVE_MS)} ms`,
      },
    ];
  } finally {
    await chromium.close();
    server.close();
    server.closeAllConnections();
  }
}
