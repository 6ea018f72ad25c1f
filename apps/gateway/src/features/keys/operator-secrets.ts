import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { MAX_SECRETS, SECRET_NAME, decodeJson, fromBase64 } from '@communique-tee/protocol';
import { Inject, Injectable } from '@nestjs/common';
import * as z from 'zod';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Logger } from '../../core/telemetry/logger';

/** 16 ciphertexts of 6144 bytes in base64, and room for their names. */
const MAX_FILE_BYTES = 192 * 1024;
const MAX_SECRET_BYTES = 6144;
const INVALID = 'secrets_file_invalid';

const ciphertext = z
  .string()
  .max(Math.ceil(MAX_SECRET_BYTES / 3) * 4)
  .transform((text, context): Uint8Array => {
    try {
      const bytes = fromBase64(text);
      if (bytes.length > 0 && bytes.length <= MAX_SECRET_BYTES) return bytes;
    } catch {
      // Not base64: the issue is added below.
    }
    context.addIssue({ code: 'custom' });
    return z.NEVER;
  });
const fileSchema = z
  .record(z.string().regex(SECRET_NAME), ciphertext)
  .refine((secrets) => Object.keys(secrets).length <= MAX_SECRETS);

export type Secrets = ReadonlyMap<string, Uint8Array>;
const NONE: Secrets = new Map();

/**
 * The operator's secrets, as ciphertexts that only an enclave opens: a JSON file {name: base64}. The gateway reads the file when it first
 * needs it, and again after each change. It starts without the file. After a bad change it keeps the previous values.
 */
@Injectable()
export class OperatorSecrets {
  private readonly path: string | undefined;
  private secrets = NONE;
  private lastRead: { readonly version: string; readonly failure: string | null } | undefined;
  private failure: string | null = null;
  private reading: Promise<Secrets> | undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) config: Pick<GatewayConfig, 'keys'>,
    private readonly logger: Logger,
  ) {
    this.path = config.keys.secretsFile;
  }

  /** Reads the file again if it has changed, and returns the last usable secrets. Never throws. */
  current(): Promise<Secrets> {
    const { path } = this;
    if (path === undefined) return Promise.resolve(NONE);
    this.reading ??= this.read(path).finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async read(path: string): Promise<Secrets> {
    try {
      this.say(await this.readChanged(path));
    } catch (error) {
      const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
      this.say(typeof code === 'string' ? code : 'secrets_file_unreadable');
    }
    return this.secrets;
  }

  /** Reads the file if it has changed. @returns why its content is not used, or null */
  private async readChanged(path: string): Promise<string | null> {
    // Non-blocking, so that a pipe without a writer is refused at once.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile() || stat.size > MAX_FILE_BYTES) return INVALID;
      const version = [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ');
      if (version !== this.lastRead?.version) this.lastRead = { version, failure: this.take(await file.readFile()) };
      return this.lastRead.failure;
    } finally {
      await file.close();
    }
  }

  private take(bytes: Uint8Array): string | null {
    const secrets = parseSecrets(bytes);
    if (secrets === undefined) return INVALID;
    this.secrets = secrets;
    this.logger.info({ count: secrets.size }, 'the file of the secrets for enclaves was read');
    return null;
  }

  /** Logs each failure once. */
  private say(failure: string | null): void {
    if (failure === this.failure) return;
    this.failure = failure;
    if (failure !== null)
      this.logger.error(
        { code: failure },
        'the file of the secrets for enclaves cannot be used: what was read before stays in use',
      );
  }
}

function parseSecrets(bytes: Uint8Array): Secrets | undefined {
  let value: unknown;
  try {
    value = decodeJson(bytes);
  } catch {
    return undefined;
  }
  // These checks come first, because zod silently drops `__proto__`.
  if (typeof value !== 'object' || value === null || !Object.keys(value).every((name) => SECRET_NAME.test(name)))
    return undefined;
  const parsed = fileSchema.safeParse(value);
  return parsed.success ? new Map(Object.entries(parsed.data)) : undefined;
}
