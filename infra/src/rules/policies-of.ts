import { listOf, recordOf, textsOf, type RuleResource } from './rule';

/** One statement of a resource's policy document. */
export interface SeenStatement {
  /** The input that contains the document, such as `policy`. */
  input: string;
  sid: string;
  allows: boolean;
  actions: readonly string[];
  /** Which of `NotAction`, `NotResource` and `NotPrincipal` the statement has. */
  inverted: readonly string[];
  resources: readonly string[];
  /** ARNs, account ids or `*`. */
  principals: readonly string[];
  services: readonly string[];
  /** The values by operator and key. */
  conditions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** Every statement of every policy document in the inputs. */
export function statementsOf({ props }: RuleResource): SeenStatement[] {
  return Object.entries(props).flatMap(([input, value]) => {
    const document = typeof value === 'string' && value.trimStart().startsWith('{') ? parsed(value) : recordOf(value);
    return listOf(document.Statement).map((statement) => seen(input, recordOf(statement)));
  });
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function seen(input: string, statement: Readonly<Record<string, unknown>>): SeenStatement {
  const principal = statement.Principal;
  const conditions = Object.entries(recordOf(statement.Condition)).map(
    ([operator, keys]) =>
      [
        operator,
        Object.fromEntries(Object.entries(recordOf(keys)).map(([key, values]) => [key, listOf(values).map(String)])),
      ] as const,
  );
  return {
    input,
    sid: typeof statement.Sid === 'string' ? statement.Sid : '(no Sid)',
    allows: statement.Effect === 'Allow',
    actions: textsOf(statement.Action),
    inverted: ['NotAction', 'NotResource', 'NotPrincipal'].filter((key) => statement[key] !== undefined),
    resources: textsOf(statement.Resource),
    principals: principal === '*' ? ['*'] : textsOf(recordOf(principal).AWS),
    services: textsOf(recordOf(principal).Service),
    conditions: Object.fromEntries(conditions),
  };
}
