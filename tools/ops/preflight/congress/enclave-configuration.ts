import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CHAMBER_KEYS, forEachChamber, PROVIDERS } from '@communique-tee/protocol';
import * as z from 'zod';
import type { Context } from '../check';

/** These schemas check only what connections need. The enclave's own schema checks the rest when the image is built. */
const chamber = z.looseObject({
  origin: z.string().max(300),
  messagePath: z.string().max(300).default(''),
  certificateAuthorities: z.string().max(100_000).optional(),
  apiKeyReadableInImage: z.string().optional(),
});

const provider = z.looseObject({
  origin: z.string().max(300),
  certificateAuthorities: z.string().max(100_000).optional(),
  apiKeyReadableInImage: z.string().optional(),
  apiKeySecret: z.string().max(64).optional(),
});

const schema = z.looseObject({
  stack: z.string(),
  egress: z.looseObject({
    mode: z.string(),
    routes: z
      .array(z.looseObject({ host: z.string(), port: z.number() }))
      .max(64)
      .default([]),
  }),
  services: z.looseObject({
    congress: z.looseObject(forEachChamber(() => chamber)),
    agents: z
      .looseObject({
        providers: z.partialRecord(z.enum(PROVIDERS), provider).default({}),
        classes: z
          .array(
            z.looseObject({
              id: z.string().max(32),
              provider: z.enum(PROVIDERS),
              model: z.string().max(100),
              maxOutputTokens: z.int().min(64).max(2048).default(1024),
            }),
          )
          .max(16),
      })
      .optional(),
  }),
});

export type EnclaveConfiguration = z.output<typeof schema>;

const MAX_BYTES = 1024 * 1024;

export const fileOf = (stack: string): string => join('apps', 'enclave', 'config', `${stack}.json`);

/** Returns the content of the stack's file, or why it cannot be read. */
export async function readEnclaveConfiguration({
  ports,
  stack,
  redactor,
}: Context): Promise<EnclaveConfiguration | { problem: string }> {
  const file = fileOf(stack);
  const text = await readFile(join(ports.root, file), 'utf8').catch(() => undefined);
  if (text === undefined) return { problem: `there is no ${file}` };
  if (text.length > MAX_BYTES) return { problem: `${file} is larger than a configuration can be` };
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) return { problem: `${file} is not an enclave’s configuration` };
  for (const key of CHAMBER_KEYS) redactor.add(parsed.data.services.congress[key].apiKeyReadableInImage);
  for (const each of Object.values(parsed.data.services.agents?.providers ?? {}))
    redactor.add(each.apiKeyReadableInImage);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
