import { newRegister, type Register } from '../register/register';
import { commitment, DAY, request, START } from '../testing/made-up';
import type { Request } from '../requests/read-requests';
import { addPeople, forgetEnded, movePeople, revokePerson, systemRandomness } from './change-people';

const empty = newRegister({ registrar: 'test', maxCampaignDays: 90, likenessKey: 'ab'.repeat(32) });
const add = (register: Register, ...requests: Request[]) =>
  addPeople(register, requests, null, START, systemRandomness);
const after = (register: Register, ...requests: Request[]) => add(register, ...requests).register;
/** Returns the register after a root with everyone in it was published. */
const published = (register: Register, notBefore = START): Register => ({
  ...register,
  publications: register.publications + 1,
  roots: [
    ...register.roots,
    { number: register.publications + 1, root: '1'.repeat(64), notBefore, notAfter: notBefore + 14 * DAY },
  ],
});

describe('adding people', () => {
  const register = after(empty, request('17', 1), request('18', 2));

  it('refuses the commitment of another person without naming that person', () => {
    expect(() => add(register, request('19', 1))).toThrow(
      /^this commitment is registered already, not for this person\n/,
    );
  });

  it('refuses the commitment of a revoked person as long as a root holds that commitment', () => {
    const { register: revoked } = revokePerson(published(register), '17');
    expect(() => add(revoked, request('19', 1))).toThrow('registered already');
  });

  it('refuses two lines with the same commitment, and two lines for the same person', () => {
    const lines = [request('1', 7, { line: 2 }), request('2', 7, { line: 3 }), request('1', 8, { line: 4 })];
    expect(() => add(empty, ...lines)).toThrow(
      'line 3: the same commitment as in line 2\nline 4: 1 is in line 2 too\nNothing was registered.',
    );
  });

  it('registers all lines or none', () => {
    expect(() => add(empty, request('1', 1), request('2', 2, { line: 3, district: '118-MT-01' }))).toThrow(
      'line 3: Congress 118 has ended\nNothing was registered.',
    );
    expect(empty.people.size).toBe(0);
  });

  it('changes nothing for a person who is registered with the same commitment and district', () => {
    const { register: same, changes } = add(register, request('17', 1));
    expect(changes).toMatchObject([{ kind: 'unchanged', registration: register.people.get('17')!.registration }]);
    expect(same.people.get('17')).toEqual(register.people.get('17'));
  });

  it('draws a new salt for each person and each move', () => {
    const moved = after(register, request('17', 1, { district: '119-MT-02' }));
    const salts = [...register.people.values(), ...moved.people.values()].map((each) => each.registration!.salt);
    expect(new Set(salts).size).toBe(3);
  });
});

describe('the check for likely duplicates', () => {
  const likely = { name: "Mary O'Brien", born: '1980-02-01' };

  it('registers no one until the operator has decided about each line', () => {
    const lines = [
      request('1', 1, { line: 2, ...likely }),
      request('2', 2, { line: 3, ...likely, name: 'OBRIEN, Mary' }),
      request('3', 3, { line: 4, name: 'Ana', born: '1980-02-01' }),
    ];
    expect(() => add(empty, ...lines)).toThrow(
      /^line 2: 1 has the name and the birth date of 2 \(line 3\): .*\nline 3: 2 has .* of 1 \(line 2\)/,
    );
    expect(() => add(empty, { ...lines[0]!, distinct: true }, lines[1]!)).toThrow(/^line 3: [^\n]*\nNothing/);
    const decided = lines.map((each) => ({ ...each, distinct: true }));
    expect(add(empty, ...decided).changes).toHaveLength(3);
  });

  it('compares with people who are registered already, and stores no name', () => {
    const register = after(empty, request('1', 1, likely));
    expect(() => add(register, request('2', 2, likely))).toThrow('2 has the name and the birth date of 1:');
    expect(JSON.stringify([...register.people.values()])).not.toMatch(/Brien|1980/);
    // The same person again is not a duplicate.
    expect(add(register, request('1', 1, likely)).changes).toMatchObject([{ kind: 'unchanged' }]);
  });
});

describe('a person who returns', () => {
  const register = published(after(empty, request('17', 1)));
  const old = register.people.get('17')!.registration!;

  it('moves at once with the same commitment, and gets a new district and salt in the same place of the tree', () => {
    const { changes } = add(register, request('17', 1, { district: '119-MT-02' }));
    expect(changes).toMatchObject([
      { kind: 'moved', registration: { district: '119-MT-02', from: 0, index: old.index } },
    ]);
    expect(changes[0]!.registration!.salt).not.toBe(old.salt);
  });

  it('waits with a new commitment until 60 seconds after the last root with the old commitment has ended', () => {
    const { changes } = add(register, request('17', 2));
    expect(changes).toMatchObject([{ kind: 'renewed', registration: { from: START + 14 * DAY + 60 } }]);
  });

  it('does not wait if no root holds the old commitment', () => {
    const fresh = after(empty, request('17', 1));
    expect(add(fresh, request('17', 2)).changes).toMatchObject([{ kind: 'renewed', registration: { from: 0 } }]);
  });

  it('waits with a new commitment after a revocation and after a move too', () => {
    const revoked = revokePerson(register, '17').register;
    expect(add(revoked, request('17', 2)).changes).toMatchObject([{ registration: { from: START + 14 * DAY + 60 } }]);
    const moved = after(register, request('17', 1, { district: '119-MT-02' }));
    expect(add(moved, request('17', 2)).changes).toMatchObject([{ registration: { from: START + 14 * DAY + 60 } }]);
  });

  it('returns at once with the commitment that was revoked', () => {
    const revoked = revokePerson(register, '17').register;
    expect(add(revoked, request('17', 1)).changes).toMatchObject([{ kind: 'renewed', registration: { from: 0 } }]);
  });

  it('waits until the last root with another commitment of this person has ended', () => {
    const second = { ...after(register, request('17', 2)) };
    // The earlier root holds the first commitment, the later root the second.
    const both = published(second, START + 14 * DAY + 60);
    const third = add(both, request('17', 3)).changes[0]!.registration!;
    expect(third.from).toBe(START + 28 * DAY + 120);
    // For a return to the first commitment, only roots with the second one matter.
    expect(add(both, request('17', 1)).changes[0]!.registration!.from).toBe(START + 28 * DAY + 120);
  });

  it('still waits until the same time if the clock was a year ahead during one command', () => {
    const revoked = revokePerson(register, '17').register;
    const forgotten = forgetEnded(revoked, START + 365 * DAY);
    expect(add(forgotten, request('17', 2)).changes).toMatchObject([{ registration: { from: START + 14 * DAY + 60 } }]);
  });

  it('is deleted after a revocation once the last root with this person has ended and a newer root was published', () => {
    const revoked = published(revokePerson(register, '17').register, START + 15 * DAY);
    expect(forgetEnded(revoked, START + 15 * DAY).people.size).toBe(0);
    expect(forgetEnded(revoked, START + 14 * DAY).people.size).toBe(1);
  });
});

describe('movePeople', () => {
  const register = after(empty, request('1', 1), request('2', 2));
  const move = (...moves: { line: number; person: string; district: string }[]) =>
    movePeople(register, moves, START, systemRandomness);

  it('moves all people of a file, or none', () => {
    const moves = [
      { line: 2, person: '1', district: '120-MT-02' },
      { line: 3, person: '2', district: '119-MT-1' },
    ];
    expect(move(...moves).changes.map(({ kind }) => kind)).toEqual(['moved', 'unchanged']);
    const wrong = [...moves, { line: 4, person: '3', district: '120-MT-01' }, { ...moves[0]!, line: 5 }];
    expect(() => move(...wrong)).toThrow('line 4: 3 is not registered\nline 5: 1 is in line 2 too\nNo one was moved.');
  });
});

it('refuses to revoke a person who is not registered', () => {
  expect(() => revokePerson(empty, '17')).toThrow('17 is not registered');
});

it('keeps a person’s commitment out of every error message', () => {
  const register = after(empty, request('17', 1));
  for (const wrong of [request('18', 1), request('18', 1, { district: '1' })]) {
    expect(() => add(register, wrong)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(commitment(1).slice(0, 8)) }) as Error,
    );
  }
});
