import { RegistrarError, refuseIf } from '../registrar-error';
import { readCsv } from '../requests/csv';
import { PERSON_ID } from '../requests/person-id';
import type { Finding, ResidenceCheck } from './residence-check';

const NEEDED = ['person', 'district'];
const KNOWN = [...NEEDED, 'name', 'born'];

/** Looks people up in a CSV of residents whom the operator has checked. Its columns are person, district and optionally name and born. */
export class CheckedResidents implements ResidenceCheck {
  private constructor(
    private readonly residents: ReadonlyMap<string, Finding>,
    /** Warnings about the file. */
    readonly remarks: readonly string[],
  ) {}

  /** @throws RegistrarError `ERR_REGISTRAR_REFUSED` with every line that is wrong */
  static read(bytes: Uint8Array): CheckedResidents {
    const { columns, rows, problems: found, remarks } = readCsv(bytes);
    const problems = [...found];
    if (NEEDED.some((name) => !columns.includes(name)) || columns.some((name) => !KNOWN.includes(name)))
      problems.push({
        line: 1,
        text: `the first line must name the columns person and district; the columns name and born are optional`,
      });
    const residents = new Map<string, Finding>();
    for (const { line, cells } of problems.length > 0 ? [] : rows) {
      const [person = '', district = ''] = [cells.get('person'), cells.get('district')];
      const [name, born] = [cells.get('name') ?? '', cells.get('born') ?? ''];
      if (!PERSON_ID.test(person)) problems.push({ line, text: 'no person id' });
      else if (residents.has(person)) problems.push({ line, text: `${person} is there twice` });
      else residents.set(person, { person, district, ...(name !== '' && { name }), ...(born !== '' && { born }) });
    }
    refuseIf(problems, 'The list of residents was not used.');
    return new CheckedResidents(residents, remarks);
  }

  check(people: readonly string[]): Promise<readonly Finding[]> {
    if (this.residents.size === 0)
      return Promise.reject(new RegistrarError('ERR_REGISTRAR_CHECK', 'the list of residents is empty'));
    return Promise.resolve(
      people.map((person) => this.residents.get(person) ?? { person, refused: 'not in the list of residents' }),
    );
  }
}
