import type { KmsClient, KmsCredentials } from '@communique-tee/kms';
import {
  encodeKeyStatus,
  type HandedCredentials,
  type KeyOffer,
  type KeyStatus,
  decodeKeyOffer,
} from '@communique-tee/protocol';
import { Body, Controller, Header, HttpCode, Post, StreamableFile } from '@nestjs/common';
import type { Log } from '../../runtime/log';
import { ProblemError } from '../../runtime/problem-error';
import type { KeyRing } from '../keys/key-ring';
import { KmsSession } from '../kms';
import type { OperatorSecrets } from '../secrets/operator-secrets';
import type { SecretOpener } from '../secrets/secret-opener';
import type { SealedKeys } from './sealed-keys';

export interface KeyOfferHandlerParts {
  /** `process`, or the ARN of the KMS key alias. */
  custody: string;
  ring: KeyRing;
  secrets: OperatorSecrets;
  log: Log;
  /** Null if no part of this enclave needs KMS. */
  kms: {
    client: KmsClient;
    timeoutMs: number;
    sealedKeys: SealedKeys | null;
    secretOpener: SecretOpener | null;
  } | null;
}

/** The most offers at once, running and queued together. Each has up to 1 MiB. */
const MAX_WAITING = 8;
/** The deadline of an offer if the enclave uses no KMS. */
const PROCESS_TIMEOUT_MS = 5_000;

/** Implements `POST /keys`: takes offers one after the other, each with a deadline, and trusts none of them. */
export class KeyOfferHandler {
  private turn: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private lastKmsCode: string | null = null;

  constructor(private readonly parts: KeyOfferHandlerParts) {}

  /**
   * @returns `KeyStatus` in its CBOR form
   * @throws ProblemError `enclave_busy`: too many offers at once, or an earlier offer took all the time
   */
  exchange(offer: KeyOffer): Promise<Uint8Array> {
    if (this.waiting >= MAX_WAITING) throw new ProblemError('enclave_busy', { retryAfterSeconds: 1 });
    const signal = AbortSignal.timeout(this.parts.kms?.timeoutMs ?? PROCESS_TIMEOUT_MS);
    this.waiting++;
    const answer = this.turn
      .then(() => {
        if (signal.aborted) throw new ProblemError('enclave_busy', { retryAfterSeconds: 1 });
        return this.take(offer, signal);
      })
      .finally(() => this.waiting--);
    this.turn = answer.catch(() => undefined);
    return answer.then(encodeKeyStatus);
  }

  private async take(offer: KeyOffer, signal: AbortSignal): Promise<KeyStatus> {
    const { kms } = this.parts;
    const found = kms
      ? await this.takeByKms(kms, offer, signal)
      : { proposal: null, refused: [], refused_secrets: [], kms: null };
    const { ring, secrets, custody, log } = this.parts;
    if (found.kms !== null && found.kms !== this.lastKmsCode) log.write('warn', 'kms_failed', { code: found.kms });
    this.lastKmsCode = found.kms;
    ring.sayIfRotated();
    const keys = ring.held().map((key) => key.keys);
    const held = keys.map(({ keyId }) => keyId);
    const legacy = keys.flatMap((key) => key.legacy?.keyId ?? []);
    return {
      custody,
      state: held.length > 0 && secrets.isComplete() ? 'ready' : 'waiting',
      wants: { credentials: kms !== null, secrets: [...secrets.names] },
      current: held[0] ?? null,
      held,
      ...(legacy.length > 0 && { held_legacy: legacy }),
      ...found,
    };
  }

  private async takeByKms(
    { client, sealedKeys, secretOpener }: NonNullable<KeyOfferHandlerParts['kms']>,
    { records, revoked, secrets, credentials }: KeyOffer,
    signal: AbortSignal,
  ): Promise<Pick<KeyStatus, 'proposal' | 'refused' | 'refused_secrets' | 'kms'>> {
    const authorization = { credentials: credentials && toKms(credentials), signal };
    const forKeys = new KmsSession(client, authorization);
    sealedKeys?.revoke(revoked);
    const { refused, refusedCores } = (await sealedKeys?.take(records, forKeys)) ?? { refused: [], refusedCores: [] };
    const proposal = (await sealedKeys?.proposals.proposal(forKeys, refusedCores)) ?? null;
    const forSecrets = new KmsSession(client, authorization, forKeys);
    const refusedSecrets = (await secretOpener?.take(secrets, forSecrets)) ?? [];
    return { proposal, refused, refused_secrets: refusedSecrets, kms: forKeys.code ?? forSecrets.code };
  }
}

function toKms({ access_key_id, secret_access_key, session_token, expires }: HandedCredentials): KmsCredentials {
  return {
    accessKeyId: access_key_id,
    secretAccessKey: secret_access_key,
    sessionToken: session_token,
    expiresMs: expires === null ? null : expires * 1000,
  };
}

@Controller('keys')
export class KeysController {
  constructor(private readonly keyOffers: KeyOfferHandler) {}

  /** Receives the gateway's offer of keys in CBOR (libs/protocol enclave/key-exchange.ts). */
  @Post()
  @HttpCode(200)
  @Header('content-type', 'application/cbor')
  @Header('cache-control', 'no-store')
  async exchange(@Body() body: unknown): Promise<StreamableFile> {
    if (!Buffer.isBuffer(body)) throw new ProblemError('unsupported_media_type');
    return new StreamableFile(await this.keyOffers.exchange(decodeKeyOffer(body)));
  }
}
