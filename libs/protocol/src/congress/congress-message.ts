import * as z from 'zod';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { isFieldElement } from '../encoding/field-element';
import type { FieldProblem } from '../problems';
import { LIMITS } from '../limits';
import { noteText } from '../messages/note-text';
import { hasOfficeForm } from './chambers';
import { fitting, toFieldProblem, valueAt } from './field-problems';
import { describeProblem } from './field-rules';
import { billsSchema, bodySchema, stanceSchema, subjectSchema, topicsSchema } from './message-words';
import { describeRefusal, officeRefusal } from './office-refusal';
import { STATES } from './offices';
import { email, text, webAddress } from './text';

/**
 * The content of a message: a person, an address, a text and the offices that get it. Lengths and patterns are those of the CWC
 * 2.0 schema. No field has a default: the check reports each missing field that Congress requires.
 */

const fieldElement = z.instanceof(Uint8Array).refine(isFieldElement);

const phone = z.string().regex(/^[0-9]{3}-[0-9]{3}-[0-9]{4}$/);

const messageFields = z.strictObject({
  version: z.literal(1),
  /**
   * 32 random bytes, which stay the same when the message is sealed again. The enclave derives the receipt's salts from them. Without a
   * proof, it derives the DeliveryIds from them too.
   */
  deliverySecret: z.instanceof(Uint8Array).refine((value) => value.length === 32, '32 bytes'),
  offices: z
    .array(z.string())
    .min(1)
    .max(LIMITS.maxOffices)
    .refine((offices) => new Set(offices).size === offices.length, { params: { rule: 'repeated' } }),
  constituent: z.strictObject({
    prefix: text(1, 500),
    firstName: text(1, 500),
    middleName: text(1, 500).optional(),
    lastName: text(1, 500),
    suffix: text(1, 500).optional(),
    title: text(1, 500).optional(),
    organization: text(3, 500).optional(),
    address1: text(3, 500),
    address2: text(3, 500).optional(),
    address3: text(3, 500).optional(),
    city: text(3, 500),
    state: z.enum(STATES),
    zip: z.string().regex(/^[0-9]{5}(-[0-9]{4})?$/),
    email,
    phone: phone.optional(),
  }),
  message: z.strictObject({
    subject: subjectSchema,
    /** The statement of the organization behind the campaign, the same for everyone who signs it. */
    organizationStatement: text(6, 10_000).optional(),
    /** The person's own words; optional if there is a statement of the organization. */
    body: bodySchema.optional(),
    topics: topicsSchema,
    bills: billsSchema.optional(),
    stance: stanceSchema.optional(),
    moreInfo: webAddress.optional(),
  }),
  campaignId: text(2, 500),
  /** The organization behind the campaign. The person's own organization is `constituent.organization`. */
  organization: z
    .strictObject({
      name: text(6, 500),
      about: text(6, 500).optional(),
      contact: z
        .strictObject({ name: text(2, 500).optional(), email: email.optional(), phone: phone.optional() })
        .optional(),
    })
    .optional(),
  responseRequested: z.boolean().optional(),
  newsletterOptIn: z.boolean().optional(),
  /** The values that open the claim of the proof of residence. Null without a proof (docs/residence.md). */
  proof: z
    .strictObject({
      /** Congress, state and seat: `120-MT-01`. */
      district: z.string().regex(/^[0-9]{3}-[A-Z]{2}-[0-9]{2}$/),
      /** The enclave derives the DeliveryIds of a proven message from this field element. */
      delivery: fieldElement,
      blinding: fieldElement,
      /** The registrar's note of the campaign that `campaignId` names. */
      campaign: noteText(LIMITS.maxCampaignNoteBytes),
    })
    .nullable(),
});
export const congressMessageSchema = messageFields.refine((value) => problemsAcross(value).length === 0, {
  params: { rule: 'across' },
});
export type CongressMessage = z.infer<typeof congressMessageSchema>;

/** Returns canonical CBOR, which the sender pads and seals. */
export function encodeCongressMessage(message: CongressMessage): Uint8Array {
  return encodeCanonical(withoutUndefined(message));
}

export type CongressMessageResult =
  { ok: true; message: CongressMessage } | { ok: false; offices: string[]; problems: FieldProblem[] };

/**
 * Reads and checks an opened message. Problems name field and rule, never the value. The result for an invalid message lists its
 * well-formed offices, because the receipt has an outcome for each.
 */
export function parseCongressMessage(opened: Uint8Array): CongressMessageResult {
  let value: unknown;
  try {
    value = decodeStrict(opened, LIMITS.maxPaddedPlaintextBytes);
  } catch {
    return {
      ok: false,
      offices: [],
      problems: [{ pointer: '', code: 'malformed', message: 'The sealed content is not canonical CBOR.' }],
    };
  }
  return validateCongressMessage(value);
}

/** Checks a value before it is sealed, by the same rules as `parseCongressMessage`. */
export function validateCongressMessage(value: unknown): CongressMessageResult {
  const parsed = congressMessageSchema.safeParse(value);
  if (parsed.success) return { ok: true, message: parsed.data };
  return {
    ok: false,
    offices: readableOffices(value),
    // The schema compares fields with each other only if each field is valid. `problemsAcross` compares them in any case, so that the
    // person learns of every fault at once
    problems: fitting([
      ...parsed.error.issues.filter((issue) => !isAcross(issue)).map((issue) => toFieldProblem(issue, value)),
      ...problemsAcross(value),
    ]),
  };
}

function isAcross(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'custom' && issue.params?.['rule'] === 'across';
}

/** Returns the problems that only a comparison of several fields can find. */
function problemsAcross(value: unknown): FieldProblem[] {
  return [...officeProblems(value), ...wordsProblems(value)];
}

/** Congress requires the person's words, or a statement of the organization. */
function wordsProblems(value: unknown): FieldProblem[] {
  const message = valueAt(value, ['message']);
  if (typeof message !== 'object' || message === null) return [];
  if (['body', 'organizationStatement'].some((name) => valueAt(message, [name]) !== undefined)) return [];
  const pointer = '/message/body';
  return [{ pointer, code: 'required', message: `${pointer}: ${describeProblem('required', pointer, undefined)}` }];
}

/** Reports offices that do not exist. If the address has a valid state, it also reports offices of other states. */
function officeProblems(value: unknown): FieldProblem[] {
  const offices = valueAt(value, ['offices']);
  const state = valueAt(value, ['constituent', 'state']);
  if (!Array.isArray(offices)) return [];
  return offices.slice(0, LIMITS.maxOffices).flatMap((office: unknown, at) => {
    const refusal = officeRefusal(office, state);
    if (refusal === null || typeof office !== 'string') return [];
    const pointer = `/offices/${String(at)}`;
    return { pointer, code: refusal, message: `${pointer}: ${describeRefusal(refusal, office, state)}` };
  });
}

function readableOffices(value: unknown): string[] {
  const offices = valueAt(value, ['offices']);
  if (!Array.isArray(offices)) return [];
  const wellFormed = offices.filter((office): office is string => typeof office === 'string' && hasOfficeForm(office));
  return [...new Set(wellFormed)].slice(0, LIMITS.maxOffices);
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [key, withoutUndefined(member)]),
  );
}
