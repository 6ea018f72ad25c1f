type Schema = Readonly<Record<string, unknown>>;

/** Say something about a value, or nothing that a value could break. */
const SILENT = new Set(['description', 'title', 'default', 'contentEncoding', 'examples']);
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text),
  'date-time': (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text)),
  binary: () => true,
};

/** What of JSON Schema (2020-12) the OpenAPI document uses: where `value` breaks it, by JSON pointer. An unknown keyword is an error, so that nothing is passed over. */
export function violations(schema: Schema, value: unknown, at = ''): string[] {
  return Object.entries(schema).flatMap(([keyword, rule]): string[] => {
    const broken = (holds: boolean) => (holds ? [] : [`${at || '/'}: ${keyword} ${JSON.stringify(rule)}`]);
    switch (keyword) {
      case 'type':
        return broken([rule].flat().some((type) => isOfType(value, type)));
      case 'enum':
        return broken((rule as unknown[]).includes(value));
      case 'const':
        return broken(value === rule);
      case 'pattern':
        return broken(typeof value !== 'string' || new RegExp(rule as string, 'u').test(value));
      case 'format':
        return broken(typeof value !== 'string' || (FORMATS[rule as string] ?? (() => false))(value));
      case 'minLength':
        return broken(typeof value !== 'string' || value.length >= (rule as number));
      case 'maxLength':
        return broken(typeof value !== 'string' || value.length <= (rule as number));
      case 'minimum':
        return broken(typeof value !== 'number' || value >= (rule as number));
      case 'maximum':
        return broken(typeof value !== 'number' || value <= (rule as number));
      case 'minItems':
        return broken(!Array.isArray(value) || value.length >= (rule as number));
      case 'maxItems':
        return broken(!Array.isArray(value) || value.length <= (rule as number));
      case 'required':
        return broken(!isRecord(value) || (rule as string[]).every((name) => Object.hasOwn(value, name)));
      case 'properties':
        return isRecord(value)
          ? Object.entries(rule as Record<string, Schema>).flatMap(([name, of]) =>
              Object.hasOwn(value, name) ? violations(of, value[name], `${at}/${name}`) : [],
            )
          : [];
      case 'additionalProperties': {
        if (!isRecord(value) || rule === true) return [];
        const others = Object.keys(value).filter(
          (name) => !Object.hasOwn((schema['properties'] ?? {}) as object, name),
        );
        return rule === false
          ? broken(others.length === 0)
          : others.flatMap((name) => violations(rule as Schema, value[name], `${at}/${name}`));
      }
      case 'propertyNames':
        return isRecord(value)
          ? Object.keys(value).flatMap((name) => violations(rule as Schema, name, `${at}/${name}`))
          : [];
      case 'items':
        return Array.isArray(value)
          ? value.flatMap((item, index) => violations(rule as Schema, item, `${at}/${String(index)}`))
          : [];
      case 'anyOf':
        return broken((rule as Schema[]).some((of) => violations(of, value, at).length === 0));
      case 'oneOf':
        return broken((rule as Schema[]).filter((of) => violations(of, value, at).length === 0).length === 1);
      case 'allOf':
        return (rule as Schema[]).flatMap((of) => violations(of, value, at));
      default:
        return SILENT.has(keyword) ? [] : [`${at || '/'}: the keyword ${keyword} is not understood`];
    }
  });
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isRecord(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
