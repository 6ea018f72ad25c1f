import { createHash } from 'node:crypto';
import { firstThenAll, KmsUnavailableError, type KmsFailure, type KmsSession } from '../kms';
import type { Log } from '../../runtime/log';
import { secretValueSchema, type OperatorSecrets } from './operator-secrets';

export interface RefusedSecret {
  name: string;
  code: KmsFailure | 'secret_invalid';
}

export interface SecretOpenerOptions {
  /** ARN of the alias of the operator's KMS key. */
  keyAlias: string;
  stack: string;
}

/**
 * Opens the secrets that the operator encrypted. The encryption context names the secret, so the parent cannot pass off one secret as
 * another. But the parent can offer an older ciphertext of the same secret. The enclave then uses the old value until the parent offers the
 * newer one. No measurement covers a secret's value: the principals that may encrypt under the key choose it (docs/keys.md, "The operator's
 * secrets").
 */
export class SecretOpener {
  /** By secret name: SHA-256 of the ciphertext that was opened or refused last, and the result. */
  private readonly judged = new Map<string, { sha256: string; refused: RefusedSecret | null }>();

  constructor(
    private readonly options: SecretOpenerOptions,
    private readonly secrets: OperatorSecrets,
    private readonly log: Log,
  ) {}

  async take(ciphertexts: Readonly<Record<string, Uint8Array>>, session: KmsSession): Promise<RefusedSecret[]> {
    const given = [...this.secrets.names].flatMap((name) => {
      const ciphertext = Object.hasOwn(ciphertexts, name) ? ciphertexts[name] : undefined;
      return ciphertext ? [{ name, ciphertext }] : [];
    });
    const outcomes = await firstThenAll(given, ({ name, ciphertext }) => this.judge(name, ciphertext, session));
    return outcomes.filter((outcome) => outcome !== null);
  }

  private async judge(name: string, ciphertext: Uint8Array, session: KmsSession): Promise<RefusedSecret | null> {
    const sha256 = createHash('sha256').update(ciphertext).digest('base64');
    const known = this.judged.get(name);
    if (known?.sha256 === sha256) return known.refused;
    try {
      const value = secretValueSchema.safeParse(await this.open(name, ciphertext, session));
      const refused = value.success ? null : ({ name, code: 'secret_invalid' } as const);
      this.judged.set(name, { sha256, refused });
      if (!value.success) return this.refuse({ name, code: 'secret_invalid' });
      this.secrets.put(name, value.data);
      this.log.write('info', 'secret_opened', { step: name });
      return null;
    } catch (error) {
      if (!(error instanceof KmsUnavailableError)) throw error;
      const refused = { name, code: error.code };
      if (error.code === 'kms_ciphertext_invalid') this.judged.set(name, { sha256, refused });
      return this.refuse(refused);
    }
  }

  private async open(name: string, ciphertextBlob: Uint8Array, session: KmsSession): Promise<string> {
    const { keyAlias, stack } = this.options;
    const context = {
      'communique-tee:purpose': 'operator-secret',
      'communique-tee:stack': stack,
      'communique-tee:secret': name,
    };
    const { plaintext } = await session.ask((kms, authorization) =>
      kms.decrypt({ keyId: keyAlias, ciphertextBlob, context, ...authorization }),
    );
    try {
      return Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength).toString('latin1');
    } finally {
      plaintext.fill(0);
    }
  }

  private refuse(refused: RefusedSecret): RefusedSecret {
    this.log.write('warn', 'secret_refused', { step: refused.name, code: refused.code });
    return refused;
  }
}
