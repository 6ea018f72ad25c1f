import { absence, choose, loadPublished, published, started } from './published';
import { templateFor } from '../testing/template';
import { followLink } from '../link';

const kept = new Map<string, string>();
const asked: string[] = [];
let answer: () => Response = () => Response.json({ templates: [] });

function open(hash: string): void {
  Object.assign(globalThis, { location: new URL(`https://communique.example.org/${hash}`) });
  followLink();
}

beforeAll(() => {
  Object.assign(globalThis, {
    addEventListener: () => undefined,
    fetch: (path: string) => {
      asked.push(path);
      return Promise.resolve(answer());
    },
    sessionStorage: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    },
  });
});
afterAll(() => {
  for (const name of ['location', 'addEventListener', 'sessionStorage']) Reflect.deleteProperty(globalThis, name);
});

const all = [templateFor({ slug: 'parks' }), templateFor({ slug: 'rivers' })];

it('requests the whole list, whichever text the link names, and finds the text locally', async () => {
  answer = () => Response.json({ templates: all });
  for (const hash of ['', '#template=parks', '#template=unknown']) {
    open(hash);
    await loadPublished();
  }
  expect(new Set(asked)).toEqual(new Set(['/api/templates']));
  expect([started.value, absence.value]).toEqual([undefined, 'missing']);
  open('#template=parks');
  expect([started.value?.slug, absence.value]).toEqual(['parks', undefined]);
});

it('uses the text that the person chose until another link is opened', () => {
  open('#template=parks');
  choose('rivers');
  expect(started.value?.slug).toBe('rivers');
  choose(undefined);
  expect([started.value, absence.value]).toEqual([undefined, undefined]);
  open('#template=rivers');
  expect(started.value?.slug).toBe('rivers');
});

it('reports that the list could not be fetched, and fetches it at the next try', async () => {
  open('#template=rivers');
  answer = () => new Response('no', { status: 500 });
  await loadPublished();
  expect([published.value.kind, absence.value]).toEqual(['failed', 'failed']);
  answer = () => Response.json({ templates: all });
  await loadPublished();
  expect(started.value?.slug).toBe('rivers');
});
