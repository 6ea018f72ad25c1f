const TEXT = { type: 'string' } as const;

/** Headers that many answers carry, as components of the document. */
export const HEADERS = {
  'RateLimit-Policy': {
    description:
      'Quota (`q`) and window in seconds (`w`) of each limit that applies to this request: that of the address and, with a token, that of the user.',
    schema: TEXT,
    example: '"api-address";q=100;w=60, "api-user";q=100;w=60',
  },
  RateLimit: {
    description:
      'The requests left of each limit (`r`), and the seconds until its window ends (`t`), in the form of draft-ietf-httpapi-ratelimit-headers.',
    schema: TEXT,
    example: '"api-address";r=96;t=60, "api-user";r=96;t=60',
  },
  'Retry-After': { description: 'How many whole seconds to wait before the next try.', schema: TEXT, example: '10' },
} as const;

/** @param which the shared headers that the answer has @param own descriptions of the answer's other headers, by name */
export function headersOf(
  which: { readonly limits: boolean; readonly retryAfter: boolean },
  own: Readonly<Record<string, string>> = {},
): Record<string, unknown> {
  const shared: (keyof typeof HEADERS)[] = [
    ...(which.limits ? (['RateLimit-Policy', 'RateLimit'] as const) : []),
    ...(which.retryAfter ? (['Retry-After'] as const) : []),
  ];
  return {
    ...Object.fromEntries(shared.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    ...Object.fromEntries(Object.entries(own).map(([name, description]) => [name, { description, schema: TEXT }])),
  };
}
