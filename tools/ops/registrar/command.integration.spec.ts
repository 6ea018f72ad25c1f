import { CommandLine } from '@communique-tee/command-line';
import { congressAt, openRootNote, registrarOf, registrationFromJson } from '@communique-tee/residence';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { registrar, thisMachine } from './command';
import { Registrar, systemWorld } from './registrar';
import { REGISTER_FILE } from './register/register-store';
import { commitment } from './testing/made-up';

/** Runs the commands on a real register, with real programs as the operator's check of residence. Some processes are really killed. */

const district = `${String(congressAt(Date.now() / 1000)).padStart(3, '0')}-MT-01`;
let temporary: TemporaryFolder;
let folder: string;
let site: string;
beforeEach(async () => {
  temporary = await temporaryFolder();
  folder = temporary.file('register');
  site = temporary.file('public');
  await expectExit(0, 'init', '--registrar', 'test', '--by', 'a spec');
  await expectExit(0, 'key', 'make');
});
afterEach(() => temporary.remove());

interface Said {
  code: number;
  out: string;
  err: string;
}

async function run(...args: string[]): Promise<Said> {
  const said = { out: '', err: '' };
  const streams = {
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
  };
  const line = new CommandLine('ops', 'A spec.', streams);
  registrar(line.program.command('registrar'), line, { ...thisMachine, streams });
  const code = await line.parse(['registrar', ...args, '--folder', folder]);
  return { code, ...said };
}

async function expectExit(code: number, ...args: string[]): Promise<Said> {
  const said = await run(...args);
  expect({ code: said.code, err: said.err }).toEqual({ code, err: expect.any(String) as string });
  return said;
}

function file(name: string, text: string): string {
  const path = temporary.file(name);
  writeFileSync(path, text);
  return path;
}

/** Options that use a program with this text as the operator's check of residence. */
const program = (text: string) => ['--check', process.execPath, '--check-argument', file('check.mjs', text)];
const answers = (body: string) => `
  import { createInterface } from 'node:readline';
  for await (const line of createInterface({ input: process.stdin })) {
    const { version, person } = JSON.parse(line);
    ${body}
  }`;

it('registers a person in an empty folder, publishes a signed root, and revokes the person', async () => {
  const added = await expectExit(0, 'add', '--person', '17', '--commitment', commitment(1), '--district', district);
  expect(registrationFromJson(JSON.parse(added.out))).toMatchObject({ registrar: 'test', district });
  expect((await expectExit(0, 'show', '--person', '17')).out).toBe(added.out);
  const { out } = await expectExit(0, 'publish', '--to', site, '--json');
  const { root } = JSON.parse(out) as { root: string };
  const key = (await expectExit(0, 'key', 'show')).out.split('  ')[0]!;
  const note = openRootNote(readFileSync(join(site, 'root.note'), 'utf8'), registrarOf('test', [key]));
  expect(Buffer.from(note.root).toString('hex')).toBe(root);
  expect((await expectExit(0, 'list')).out).toBe(`17  ${district}  published\n`);
  expect((await expectExit(0, 'check', '--to', site)).out).not.toContain('!');
  const campaign = await expectExit(0, 'campaign', 'open', '--id', 'clean-water', '--days', '30');
  expect((await expectExit(0, 'campaign', 'show', '--id', 'clean-water')).out).toBe(campaign.out);
  await expectExit(0, 'revoke', '--person', '17', '--by', 'alice');
  const needs = 'the last root has a revoked or replaced entry of 1 person';
  expect((await expectExit(1, 'check', '--json')).out).toContain(`"${needs}`);
  expect(readFileSync(join(folder, 'audit.log'), 'utf8')).toContain('"by":"alice","command":"revoke"');
});

it('adds a file with likely duplicates only if the operator has decided about each line', async () => {
  const rows = (decision: string) =>
    [
      'person;commitment;district;name;born;distinct',
      `1;${commitment(1)};${district};Mary O'Brien;2/1/1980;${decision}`,
      `2;${commitment(2)};${district};OBrien Mary;1980-02-01;${decision}`,
    ].join('\r\n');
  const refused = await expectExit(1, 'add', '--csv', file('people.csv', rows('')));
  expect(refused.err).toMatch(/^line 2: 1 has the name[^]*\nline 3: 2 has the name[^]*\nNothing was registered\.\n$/);
  const added = await expectExit(0, 'add', '--csv', file('people.csv', rows('yes')));
  const lines = added.out.trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { person: string; kind: string }).person)).toEqual(['1', '2']);
  expect(added.err).toBe('2 new. Publish, so that they can prove.\n');
});

describe('--out', () => {
  const add = (person: number, out: string) =>
    [
      'add',
      '--person',
      String(person),
      '--commitment',
      commitment(person),
      '--district',
      district,
      '--out',
      out,
    ] as const;
  const modeOf = (path: string) => statSync(path).mode & 0o777;

  it.each([0o000, 0o022, 0o277])(
    'writes a file that only its owner can read, whatever the umask (row %#)',
    async (umask) => {
      const out = temporary.file('17.json');
      const before = process.umask(umask);
      const added = await expectExit(0, ...add(17, out)).finally(() => process.umask(before));
      expect([added.out, modeOf(out)]).toEqual(['', 0o600]);
      expect(added.err).toContain(`Wrote ${out}`);
      expect((await expectExit(0, 'show', '--person', '17')).out).toBe(readFileSync(out, 'utf8'));
      const again = temporary.file('again.json');
      expect((await expectExit(0, 'show', '--person', '17', '--out', again)).out).toBe('');
      expect([readFileSync(again, 'utf8'), modeOf(again)]).toEqual([readFileSync(out, 'utf8'), 0o600]);
    },
  );

  it('registers no one if the file exists already or cannot be made', async () => {
    const taken = file('taken.json', 'mine');
    const refused = await expectExit(1, ...add(17, taken));
    expect(refused.err).toBe(`--out: ${taken} exists already, and is not overwritten. Nothing was done.\n`);
    const nowhere = temporary.file('no-such-folder/17.json');
    expect((await expectExit(1, ...add(17, nowhere))).err).toContain('cannot be made (ENOENT). Nothing was done.');
    expect(readFileSync(taken, 'utf8')).toBe('mine');
    expect((await expectExit(0, 'list')).out).toBe('');
  });

  it('leaves no file if the command is refused', async () => {
    const out = temporary.file('moved.jsonl');
    await expectExit(1, 'move', '--person', '17', '--district', district, '--out', out);
    expect(existsSync(out)).toBe(false);
  });
});

it('uses the singular for one person and the plural for two', async () => {
  await expectExit(0, 'add', '--person', '1', '--commitment', commitment(1), '--district', district);
  expect((await expectExit(0, 'publish', '--to', site)).err).toContain(': 1 person in 1 file, valid until');
  await expectExit(0, 'add', '--person', '2', '--commitment', commitment(2), '--district', district);
  const { out } = await expectExit(1, 'check');
  expect(out).toContain('test: 2 people in 1 file, 0 waiting, 5 commands in the log\n');
  expect(out).toContain('! 1 person is not in a root yet: registrar publish\n');
});

describe('a check of residence', () => {
  const requests = () => file('requests.csv', `person,commitment\n1,${commitment(1)}\n2,${commitment(2)}\n`);

  it('may be a CSV of checked residents', async () => {
    const residents = file(
      'residents.csv',
      `person,district,name,born\n1,${district},Ana,1980-02-01\n2,${district},,\n`,
    );
    await expectExit(0, 'add', '--csv', requests(), '--residents', residents);
    const missing = file('residents.csv', `person,district\n1,${district}\n`);
    const { err } = await expectExit(1, 'add', '--person', '3', '--commitment', commitment(3), '--residents', missing);
    expect(err).toBe('3: not in the list of residents\nNothing was registered.\n');
  });

  it('may be a program of the operator, which is started once for all people', async () => {
    const started = temporary.file('started');
    const text = `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(started)}, 'x');
      ${answers(`console.log(JSON.stringify({ person, district: version === 1 ? '${district}' : '' }));`)}`;
    const added = await expectExit(0, 'add', '--csv', requests(), ...program(text));
    expect(added.err).toBe('2 new. Publish, so that they can prove.\n');
    expect(readFileSync(started, 'utf8')).toBe('x');
  });

  it.each([
    [
      'refuses one person',
      answers(`console.log(JSON.stringify({ person, refused: 'no proof of address' }))`),
      'line 2: 1: no proof of address',
    ],
    [
      'answers out of order',
      answers(`console.log(JSON.stringify({ person: '2', district: '${district}' }))`),
      'for another person',
    ],
    ['writes something else', answers(`console.log('yes')`), 'a line that is no answer'],
    [
      'names a district of an ended Congress',
      answers(`console.log(JSON.stringify({ person, district: '101-MT-01' }))`),
      'line 2: Congress 101 has ended',
    ],
    ['ends early', `process.exit(0)`, 'answered for 0 of 2 people'],
    [
      'fails after its answers',
      `${answers(`console.log(JSON.stringify({ person, district: '${district}' }))`)} process.exit(3);`,
      'ended with exit code 3',
    ],
  ])('registers no one if the program %s', async (_, text, words) => {
    const { err } = await expectExit(1, 'add', '--csv', requests(), ...program(text));
    expect(err).toContain(words);
    expect((await expectExit(0, 'list')).out).toBe('');
  });

  it('registers no one if the program does not exist', async () => {
    const { err } = await expectExit(1, 'add', '--csv', requests(), '--check', temporary.file('none'));
    expect(err).toContain('could not be started');
  });
});

it.each([
  [['add', '--person', '1']],
  [['add', '--person', '1', '--commitment', '0']],
  [['add', '--csv', 'x.csv', '--person', '1']],
  [['move', '--person', '1']],
  [['campaign', 'open', '--id', 'a', '--days', '91']],
  [['campaign', 'open', '--id', 'a', '--days', '1', '--from', 'tomorrow']],
  [['publish']],
  [['key']],
])('ends with 2 for %j', async (args) => {
  await expectExit(2, ...args);
});

it('ends every command with 78 if the register was edited', async () => {
  const path = join(folder, REGISTER_FILE);
  writeFileSync(path, readFileSync(path, 'utf8').replace('"files":1', '"files":2'));
  for (const args of [['list'], ['publish', '--to', site, '--empty'], ['key', 'make'], ['restored']]) {
    const { err } = await expectExit(78, ...args);
    expect(err).toBe('the register cannot be used: its hash does not match: it is damaged, or it was edited\n');
  }
});

it('refuses to work while another process has the register open', async () => {
  using open = Registrar.open(folder, systemWorld('a spec'));
  expect(open.interrupted).toBe(false);
  const { err } = await expectExit(1, 'list');
  expect(err).toContain('another process works with this register');
});

it('can be used after a process was killed while it wrote', async () => {
  await expectExit(0, 'add', '--person', '1', '--commitment', commitment(1), '--district', district);
  await expectExit(0, 'publish', '--to', site);
  // Kill the process while it writes the log, while it writes the register, and between the files of a root and the note.
  for (const changes of [2, 5, 17]) {
    const child = new Promise<NodeJS.Signals | null | undefined>((resolve) => {
      const script = join(__dirname, 'testing/run-and-die.ts');
      const args = ['tools/run.mjs', script, folder, site, String(changes)];
      execFile(process.execPath, args, { cwd: workspaceRoot(), timeout: 60_000 }, (error) => {
        resolve(error?.signal);
      });
    });
    expect(await child).toBe('SIGKILL');
    await expectExit(0, 'list');
  }
  await expectExit(0, 'publish', '--to', site);
});
