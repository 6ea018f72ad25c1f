import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { formatSigningKey, formatVerifierKey, openNote, signingKeyOf } from './index';
import { NOTE_VECTORS, type NoteVector } from './testing';

const program = join(__dirname, 'testing/go');
const env = { ...process.env, GOFLAGS: '-mod=readonly -buildvcs=false', GOPROXY: 'off', GOTOOLCHAIN: 'local' };

function go(args: readonly string[], input = ''): string {
  return execFileSync('go', args, { cwd: program, env, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Returns the reason if Go's implementation cannot run here. This spec downloads nothing. */
function absent(): string | undefined {
  try {
    go(['build', '-o', '/dev/null', '.']);
    return undefined;
  } catch {
    return `Go with golang.org/x/mod is not here (in ${program}: go mod download)`;
  }
}

const reason = absent();
if (reason !== undefined) process.stderr.write(`\nNOT RUN: "signed notes judged by Go": ${reason}\n`);

(reason === undefined ? describe : describe.skip)('signed notes judged by Go', () => {
  it('get the same decision from Go as from us, except the notes that only Go accepts', () => {
    const questions = NOTE_VECTORS.map(({ keys, note }) => JSON.stringify({ keys, note }));
    const answers = go(['run', '.'], `${questions.join('\n')}\n`)
      .trimEnd()
      .split('\n');
    const accepted = answers.map((answer) => answer.includes('+'));
    expect(accepted).toEqual(NOTE_VECTORS.map((vector) => !('code' in vector.expected) || vector.go === 'accepts'));
    const words = { ERR_NOTE_MALFORMED: 'malformed', ERR_NOTE_SIGNATURE: 'signature', ERR_NOTE_UNKNOWN_KEY: 'unknown' };
    const expectedWord = ({ expected, go: lax }: NoteVector, at: number) => {
      if (lax === 'accepts') return answers[at];
      return 'code' in expected ? words[expected.code as keyof typeof words] : expected.key.replace(/\+[^+]+$/, '');
    };
    expect(answers).toEqual(NOTE_VECTORS.map(expectedWord));
  });

  it('can be signed by Go with our key', () => {
    const key = signingKeyOf('test-registrar', new Uint8Array(32).fill(1));
    const opened = openNote(go(['run', '.', 'sign', formatSigningKey(key)]), [key]);
    expect(opened.body).toBe('signed by Go\n');
    expect(formatVerifierKey(opened.key)).toBe(formatVerifierKey(key));
  });
});
