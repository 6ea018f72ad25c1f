import * as z from 'zod';
import { PERSON_ID } from '../requests/person-id';

const person = z.string().regex(PERSON_ID);
const text = z.string().min(1).max(200);

/** What a check found about one person: where they live, or why they are not registered. */
export const finding = z.union([
  z.strictObject({
    person,
    /** Such as `120-MT-01`. */
    district: z.string().max(20),
    /** Used with `born` to find the same person under two ids. It is not stored. */
    name: text.optional(),
    /** Such as `1980-02-01` or `2/1/1980`. */
    born: z.string().max(20).optional(),
  }),
  z.strictObject({ person, refused: text }),
]);
export type Finding = z.infer<typeof finding>;

/** Finds out where people live. `CheckedResidents` reads a list; `CheckProgram` asks the operator's own program. */
export interface ResidenceCheck {
  /**
   * @param people the operator's ids of the people, each once
   * @returns one finding for each person, in the same order
   * @throws RegistrarError `ERR_REGISTRAR_CHECK` if the check itself fails; then no one is registered
   */
  check(people: readonly string[]): Promise<readonly Finding[]>;
}
