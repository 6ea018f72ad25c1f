import * as z from 'zod';
import { PERSON_ID } from '../requests/person-id';

const person = z.string().regex(PERSON_ID);
const text = z.string().min(1).max(200);

/** What a check found about one person: where they live, or why they are not registered. */
export const finding = z.union([
  z.strictObject({
    person,
    /** `120-MT-01` */
    district: z.string().max(20),
    /** With `born`: to find the same person under two ids. It is not kept. */
    name: text.optional(),
    /** `1980-02-01` or `2/1/1980` */
    born: z.string().max(20).optional(),
  }),
  z.strictObject({ person, refused: text }),
]);
export type Finding = z.infer<typeof finding>;

/**
 * How the operator finds out where people live: the plug-in point. `CheckedResidents` is the complete example; `CheckProgram` hands the
 * question to a program of the operator's own.
 */
export interface ResidenceCheck {
  /**
   * @param people the operator's own ids, each once
   * @returns one finding for each, in the same order
   * @throws RegistrarError `ERR_REGISTRAR_CHECK` when it cannot tell; then nothing is registered
   */
  check(people: readonly string[]): Promise<readonly Finding[]>;
}
