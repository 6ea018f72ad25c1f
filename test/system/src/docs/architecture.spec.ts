import { workspaceRoot } from '@communique-tee/testing/harness';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Imports, pictureAfter, type Picture } from './pictures';

/** Compares the pictures in docs/architecture.md with the code. */

const root = workspaceRoot();
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const imports = new Imports(root);

describe.each(['The direction of imports', 'The way of a message'])('the picture under "%s"', (heading) => {
  const picture = pictureAfter(page, heading);

  it('draws at least ten boxes and ten arrows', () => {
    expect(picture.boxes.size).toBeGreaterThanOrEqual(10);
    expect(picture.arrows.length).toBeGreaterThanOrEqual(10);
  });

  it('names only files and folders that exist', () => {
    const paths = [...picture.boxes.values()].flatMap(({ path }) => path ?? []);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('draws a plain arrow only if the first box imports the second', () => {
    const drawn = picture.arrows.filter(({ label }) => label === '').map((arrow) => pathsOf(picture, arrow));
    expect(drawn.filter(({ from, to }) => !imports.has(from, to))).toEqual([]);
  });
});

describe('the picture under "The direction of imports"', () => {
  const picture = pictureAfter(page, 'The direction of imports');

  it('has no arrow against which the code imports', () => {
    const against = picture.arrows
      .map((arrow) => pathsOf(picture, arrow))
      .flatMap(({ from, to }) => imports.between(to, from));
    expect(against).toEqual([]);
  });

  it('has the order of the code: core imports neither features nor edge, and features do not import edge', () => {
    const [edge, features, core] = ['edge', 'features', 'core'].map((name) => `apps/gateway/src/${name}`) as [
      string,
      string,
      string,
    ];
    expect([
      ...imports.between(core, features),
      ...imports.between(core, edge),
      ...imports.between(features, edge),
    ]).toEqual([]);
  });
});

describe('pictureAfter', () => {
  it('reads boxes, their subgraph, plain arrows and labeled arrows', () => {
    const { boxes, arrows } = pictureAfter(
      '# T\n\n## H\n\n```mermaid\nflowchart TD\n  subgraph one["x"]\n    a["first<br/>libs/a"]\n  end\n  b["no path"]\n  a --> b\n  b -- "GET /" --> a\n```\n',
      'H',
    );
    expect([...boxes.values()]).toEqual([
      { id: 'a', path: 'libs/a', subgraph: 'one' },
      { id: 'b', path: undefined, subgraph: '' },
    ]);
    expect(arrows).toEqual([
      { from: 'a', to: 'b', label: '' },
      { from: 'b', to: 'a', label: 'GET /' },
    ]);
  });

  it('throws if the picture is missing', () => {
    expect(() => pictureAfter('## Other\n', 'H')).toThrow('no flowchart under "H"');
  });
});

function pathsOf(picture: Picture, { from, to }: { from: string; to: string }): { from: string; to: string } {
  const [first, second] = [picture.boxes.get(from)?.path, picture.boxes.get(to)?.path];
  if (first === undefined || second === undefined) throw new Error(`an arrow without paths: ${from} --> ${to}`);
  return { from: first, to: second };
}
