import * as z from 'zod';
import { validateCongressMessage, type CongressMessageResult } from '../congress/congress-message';
import { fitting } from '../congress/field-problems';
import { houseOffice, isState, senateOffices } from '../congress/offices';
import { ProtocolError, type FieldProblem } from '../problems';
import { decodeJson } from '../encoding/json';

/**
 * The JSON that the web client (legacy) seals. A `?` marks an optional field.
 *
 * The client always sends `deliveryAddress`: `name`, `email`, `street`, `city`, `state`, `zip`, `phone`?, `congressional_district`?. It also
 * sends proof inputs, which the enclave ignores.
 *
 * Congress requires more, so the client has to add these fields. The enclave does not derive them; it reports missing fields to the sender.
 *
 * - `constituent`: `prefix`, `firstName`, `lastName`, `middleName`?, `suffix`?
 * - `message`: `subject`, `body`, `topics`, `organizationStatement`?, `stance`?, `bills`?
 * - `campaignId` and `organization`?
 * - `offices`?, such as `["HCA12", "SCA01"]`. Without it the message goes only to the House office of `congressional_district`.
 */
const text = z.string();
const addressSchema = z.looseObject({
  name: text.optional(),
  email: text.optional(),
  street: text.optional(),
  city: text.optional(),
  state: text.optional(),
  zip: text.optional(),
  phone: text.optional(),
  congressional_district: z.union([text, z.int().min(0).max(99)]).optional(),
});
const contentSchema = z.looseObject({
  deliveryAddress: addressSchema,
  constituent: z
    .looseObject({
      prefix: z.unknown(),
      firstName: z.unknown(),
      middleName: z.unknown(),
      lastName: z.unknown(),
      suffix: z.unknown(),
    })
    .partial()
    .optional(),
  message: z
    .looseObject({
      subject: z.unknown(),
      body: z.unknown(),
      topics: z.unknown(),
      organizationStatement: z.unknown(),
      stance: z.unknown(),
      bills: z.unknown(),
    })
    .partial()
    .optional(),
  campaignId: z.unknown().optional(),
  organization: z.unknown().optional(),
  offices: z.unknown().optional(),
});
type Content = z.infer<typeof contentSchema>;

/** From the places in a Congress message to the places in the legacy JSON. */
const POINTERS: Readonly<Record<string, string>> = {
  '/constituent/address1': '/deliveryAddress/street',
  '/constituent/city': '/deliveryAddress/city',
  '/constituent/state': '/deliveryAddress/state',
  '/constituent/zip': '/deliveryAddress/zip',
  '/constituent/email': '/deliveryAddress/email',
  '/constituent/phone': '/deliveryAddress/phone',
};
/** Added if the content names no offices, because the district then decides. */
const DISTRICT_POINTERS: typeof POINTERS = {
  '/offices': '/deliveryAddress/congressional_district',
  '/offices/0': '/deliveryAddress/congressional_district',
};

/**
 * Reads and checks an opened message of the legacy suite.
 * @param deliverySecret 32 bytes, which libs/crypto derives
 */
export function parseLegacyContent(opened: Uint8Array, deliverySecret: Uint8Array): CongressMessageResult {
  let value: unknown;
  try {
    value = decodeJson(opened);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return {
      ok: false,
      offices: [],
      problems: [{ pointer: '', code: 'malformed', message: `The sealed content cannot be read: ${error.message}.` }],
    };
  }
  const parsed = contentSchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path }): FieldProblem => {
      const pointer = path.map((part) => `/${String(part)}`).join('');
      return {
        pointer,
        code: 'invalid',
        message: `${pointer || 'The message'}: must be text, or an object with fields`,
      };
    });
    return { ok: false, offices: [], problems: fitting(problems) };
  }
  const result = validateCongressMessage(congressMessage(parsed.data, deliverySecret));
  if (result.ok) return result;
  const pointers = parsed.data.offices === undefined ? { ...POINTERS, ...DISTRICT_POINTERS } : POINTERS;
  return { ...result, problems: result.problems.map((problem) => inLegacyTerms(problem, pointers)) };
}

function congressMessage(
  { deliveryAddress: address, constituent = {}, message = {}, campaignId, organization, offices }: Content,
  deliverySecret: Uint8Array,
): unknown {
  const { prefix, firstName, middleName, lastName, suffix } = constituent;
  const { subject, organizationStatement, body, topics, stance, bills } = message;
  const { email, street, city, state, zip, phone } = address;
  return defined({
    version: 1,
    deliverySecret,
    offices: offices ?? districtOffice(address),
    constituent: defined({
      prefix,
      firstName,
      middleName,
      lastName,
      suffix,
      address1: street,
      city,
      state: state?.toUpperCase(),
      zip,
      email,
      phone: phone === undefined || phone === '' ? undefined : dashed(phone),
    }),
    message: defined({ subject, organizationStatement, body, topics, stance, bills }),
    campaignId,
    organization,
    proof: null,
  });
}

/**
 * Returns the House office of a district. `validateCongressMessage` decides whether it exists. Reads `12`, `CA-12` and `CA12`. For the only
 * seat of a state it also reads `AL`, `0` and `00`, and for a delegate's seat `98`, the Census Bureau's number.
 */
function districtOffice(address: Content['deliveryAddress']): string[] | undefined {
  const district = String(address.congressional_district ?? '');
  if (district === '') return undefined;
  const [, named, number = ''] = /^(?:([A-Za-z]{2})[- ]?)?([0-9]{1,2}|AL)$/i.exec(district) ?? [];
  const state = (named ?? address.state)?.toUpperCase();
  if (number === '' || !isState(state)) return [district];
  const isWholeState = number.toUpperCase() === 'AL' || (number === '98' && senateOffices(state).length === 0);
  return [houseOffice(state, isWholeState ? 0 : Number(number))];
}

/** Returns a number of ten digits in the form `202-555-0123`. Returns any other text unchanged; `validateCongressMessage` refuses it. */
function dashed(phone: string): string {
  const digits = phone.replace(/^\+?1(?=\D*(?:\d\D*){10}$)/, '').replace(/[\s().+-]/g, '');
  return /^[0-9]{10}$/.test(digits) ? `${digits.slice(0, 3)}-${digits.slice(3, 6)}-${digits.slice(6)}` : phone;
}

function inLegacyTerms(problem: FieldProblem, pointers: typeof POINTERS): FieldProblem {
  const pointer = pointers[problem.pointer] ?? problem.pointer;
  return { ...problem, pointer, message: problem.message.replace(problem.pointer, pointer) };
}

function defined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
