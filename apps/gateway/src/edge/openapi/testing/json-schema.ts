import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';

export type Schema = Readonly<Record<string, unknown>>;

const ajv = new Ajv2020({
  allErrors: true,
  // An unknown keyword or format is an error, so that no constraint is skipped.
  strict: true,
  strictTypes: false,
  formats: {
    uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    'date-time': (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text)),
    uri: (text) => URL.canParse(text),
    binary: true,
  },
});
ajv.addVocabulary(['components']);
const compiled = new WeakMap<Schema, ValidateFunction>();

/**
 * Returns the places, as JSON pointers, where `value` violates a schema of JSON Schema 2020-12.
 * @param components of the OpenAPI document that the schema refers to
 */
export function violations(schema: Schema, value: unknown, components: object = {}): string[] {
  const validate = compiled.get(schema) ?? ajv.compile({ ...schema, components });
  compiled.set(schema, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, keyword, message = '' }) => `${instancePath || '/'}: ${keyword}: ${message}`,
  );
}
