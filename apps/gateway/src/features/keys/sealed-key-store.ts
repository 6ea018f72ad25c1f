import { Injectable } from '@nestjs/common';
import { keyIdOf } from '@communique-tee/crypto';
import {
  decodeSealedKey,
  MAX_OFFERED_KEYS,
  MAX_REVOKED_KEYS,
  toHex,
  type SealedKeyCore,
} from '@communique-tee/protocol';
import { Database } from '../../core/database/database';
import { Prisma } from '../../core/database/generated/client';

export interface StoredKey {
  /** 16 bytes. */
  readonly keyId: Uint8Array;
  /** The enclave's CBOR, not parsed. */
  readonly record: Uint8Array;
  /** When the record was stored, by the database's clock. */
  readonly createdAt: Date;
}

/** A live row; its record is not parsed. */
export interface StoredRecord {
  readonly keyId: Uint8Array;
  readonly custody: string;
  readonly pcr0: Uint8Array;
  readonly epoch: bigint;
  readonly record: Uint8Array;
}

/** One key as operators see it. */
export interface KeyView {
  readonly keyId: string;
  readonly custody: string;
  readonly pcr0: string;
  readonly epoch: number;
  /** `rotated`: past `rotateAfter`, too old to seal to; `destroyed`: past `destroyAfter`. */
  readonly state: 'live' | 'rotated' | 'destroyed' | 'revoked';
  readonly createdAt: string;
  readonly rotateAfter: string;
  readonly destroyAfter: string;
  readonly revokedAt: string | null;
  readonly revokedBy: string | null;
  readonly revokedWhy: string | null;
}

/** The records and ids that are offered to the enclaves of one custody. */
export interface KeysOfCustody {
  /** Newest first. */
  readonly live: readonly StoredKey[];
  /** Ids of 16 bytes, last revoked first; at most `MAX_REVOKED_KEYS`. */
  readonly revoked: readonly Uint8Array[];
}

export type Stored = 'stored' | 'known' | 'epoch_taken' | 'too_many';

/** An image that rotates daily has fewer live keys. One offer has room for this many. */
export const MAX_LIVE_KEYS_PER_IMAGE = MAX_OFFERED_KEYS;
/** The limit for all custodies and images together. */
export const MAX_LIVE_KEYS = 256;
const MAX_EXAMINED = 1000;
const MAX_LISTED = 500;
/** The number of this store's advisory lock in the database: "ctkeys" in ASCII. */
const LOCK = 0x63_74_6b_65_79_73n;

/**
 * Stores the KMS-sealed keys in PostgreSQL. A row is live while it has a record and, by PostgreSQL's clock, `destroy_after` has not passed.
 * All methods throw ProblemError `database_unavailable` | `overloaded`.
 */
@Injectable()
export class SealedKeyStore {
  constructor(private readonly database: Database) {}

  /** The live records and the revoked ids of one custody. */
  async ofCustody(custody: string): Promise<KeysOfCustody> {
    const [live, revoked] = await Promise.all([
      this.database.read(
        (client) => client.$queryRaw<StoredKey[]>`
        SELECT key_id AS "keyId", record, created_at AS "createdAt" FROM sealed_key
        WHERE custody = ${custody} AND record IS NOT NULL AND destroy_after > now()
        ORDER BY created_at DESC, key_id LIMIT ${MAX_LIVE_KEYS}::int`,
      ),
      this.database.read(
        (client) => client.$queryRaw<{ keyId: Uint8Array }[]>`
        SELECT key_id AS "keyId" FROM sealed_key
        WHERE custody = ${custody} AND revoked_at IS NOT NULL AND destroy_after > now()
        ORDER BY revoked_at DESC, key_id LIMIT ${MAX_REVOKED_KEYS}::int`,
      ),
    ]);
    return {
      live: live.map((key) => ({ ...key, keyId: plain(key.keyId), record: plain(key.record) })),
      revoked: revoked.map(({ keyId }) => plain(keyId)),
    };
  }

  /**
   * Stores a key that an enclave proposes, unless another key with its custody, image and epoch was stored before.
   * @returns `known` if the key is already stored or was revoked
   */
  add(core: SealedKeyCore, record: Uint8Array): Promise<Stored> {
    const { custody } = core;
    const [keyId, pcr0] = [Buffer.from(core.key_id), Buffer.from(core.pcr0)];
    return this.database.transaction(async (transaction) => {
      // Two inserts at once could exceed the limits. Inserts are rare: about one a day.
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${LOCK}::bigint)`;
      // An expired key must not block its epoch
      await transaction.$executeRaw`UPDATE sealed_key SET record = NULL WHERE record IS NOT NULL AND destroy_after <= now()`;
      const [{ all, ofImage, known }] = await transaction.$queryRaw<[{ all: number; ofImage: number; known: boolean }]>`
        SELECT (count(*) FILTER (WHERE record IS NOT NULL))::int AS all,
               (count(*) FILTER (WHERE record IS NOT NULL AND custody = ${custody} AND pcr0 = ${pcr0}::bytea))::int AS "ofImage",
               coalesce(bool_or(key_id = ${keyId}::bytea), false) AS known
        FROM sealed_key`;
      if (known) return 'known';
      if (all >= MAX_LIVE_KEYS || ofImage >= MAX_LIVE_KEYS_PER_IMAGE) return 'too_many';
      const inserted = await transaction.$executeRaw`
        INSERT INTO sealed_key (key_id, custody, pcr0, epoch, record, rotate_after, destroy_after)
        VALUES (${keyId}::bytea, ${custody}, ${pcr0}::bytea, ${core.epoch}::bigint, ${Buffer.from(record)}::bytea,
                to_timestamp(${core.rotate_after}::float8), to_timestamp(${core.destroy_after}::float8))
        ON CONFLICT DO NOTHING`;
      return inserted === 1 ? 'stored' : 'epoch_taken';
    });
  }

  /**
   * The rows because of which `add` refused a key. For `epoch_taken`, the row with the same custody, image and epoch. For `too_many`, up to
   * 1,000 rows, first those with the same custody and image.
   */
  async inTheWayOf(
    { custody, pcr0, epoch }: SealedKeyCore,
    outcome: 'epoch_taken' | 'too_many',
  ): Promise<StoredRecord[]> {
    const isOfImage = Prisma.sql`custody = ${custody} AND pcr0 = ${Buffer.from(pcr0)}::bytea`;
    return this.database.read(
      (client) => client.$queryRaw<StoredRecord[]>`
      SELECT key_id AS "keyId", custody, pcr0, epoch, record FROM sealed_key
      WHERE record IS NOT NULL AND ${outcome === 'too_many' ? Prisma.sql`true` : Prisma.sql`${isOfImage} AND epoch = ${epoch}::bigint`}
      ORDER BY (${isOfImage}) DESC, key_id LIMIT ${MAX_EXAMINED}::int`,
    );
  }

  /** Deletes the rows whose records have not changed since they were read. @returns how many */
  async remove(rows: readonly StoredRecord[]): Promise<number> {
    let removed = 0;
    for (const { keyId, record } of rows)
      removed += await this.database.read(
        (client) =>
          client.$executeRaw`DELETE FROM sealed_key WHERE key_id = ${Buffer.from(keyId)}::bytea AND record = ${Buffer.from(record)}::bytea`,
      );
    return removed;
  }

  /**
   * The state of one key in the database. An enclave can still open messages to a `live` key, and never again messages to a `revoked` key.
   * A key of the legacy suite is live while the record that contains it is live.
   */
  async stateOf(keyId: Uint8Array): Promise<'live' | 'revoked' | 'none'> {
    const [row] = await this.database.read(
      (client) => client.$queryRaw<{ revoked: boolean; live: boolean }[]>`
      SELECT revoked_at IS NOT NULL AS revoked, record IS NOT NULL AND destroy_after > now() AS live FROM sealed_key WHERE key_id = ${Buffer.from(keyId)}::bytea`,
    );
    if (row?.revoked === true) return 'revoked';
    if (row !== undefined) return row.live ? 'live' : 'none';
    return (await this.isLegacyKeyOfLive(keyId)) ? 'live' : 'none';
  }

  private async isLegacyKeyOfLive(keyId: Uint8Array): Promise<boolean> {
    const rows = await this.database.read(
      (client) => client.$queryRaw<{ record: Uint8Array }[]>`
      SELECT record FROM sealed_key WHERE record IS NOT NULL AND destroy_after > now() LIMIT ${MAX_LIVE_KEYS}::int`,
    );
    return rows.some(({ record }) => {
      const legacyKey = legacyKeyOf(plain(record));
      return legacyKey !== undefined && Buffer.compare(keyIdOf(legacyKey), keyId) === 0;
    });
  }

  /** A text that changes whenever a key is stored or revoked, or its record is deleted; and the ids of all revoked keys. */
  async readVersion(): Promise<{ readonly version: string; readonly revoked: readonly Uint8Array[] }> {
    const rows = await this.database.read(
      (client) => client.$queryRaw<{ keyId: Uint8Array; revoked: boolean }[]>`
      SELECT key_id AS "keyId", revoked_at IS NOT NULL AS revoked FROM sealed_key WHERE record IS NOT NULL OR revoked_at IS NOT NULL ORDER BY key_id`,
    );
    const version = rows
      .map(({ keyId, revoked }) => `${revoked ? '-' : '+'}${Buffer.from(keyId).toString('base64')}`)
      .join('');
    return { version, revoked: rows.filter(({ revoked }) => revoked).map(({ keyId }) => plain(keyId)) };
  }

  /** All keys, the latest first, at most 500. */
  async list(): Promise<KeyView[]> {
    const { rows, now } = await this.database.read(async (client) => {
      const listed = await client.sealedKey.findMany({
        orderBy: [{ createdAt: 'desc' }, { keyId: 'asc' }],
        take: MAX_LISTED,
        omit: { record: true },
      });
      const [clock] = await client.$queryRaw<[{ now: Date }]>`SELECT now()`;
      return { rows: listed, now: clock.now };
    });
    return rows.map(
      ({ keyId, pcr0, epoch, custody, createdAt, rotateAfter, destroyAfter, revokedAt, revokedBy, revokedWhy }) => ({
        keyId: toHex(keyId),
        custody,
        pcr0: toHex(pcr0),
        epoch: Number(epoch),
        state:
          revokedAt !== null ? 'revoked' : destroyAfter <= now ? 'destroyed' : rotateAfter <= now ? 'rotated' : 'live',
        createdAt: createdAt.toISOString(),
        rotateAfter: rotateAfter.toISOString(),
        destroyAfter: destroyAfter.toISOString(),
        revokedAt: revokedAt?.toISOString() ?? null,
        revokedBy,
        revokedWhy,
      }),
    );
  }

  /** Deletes the records of keys whose `destroy_after` has passed. @returns how many */
  wipeDestroyed(): Promise<number> {
    return this.database.read(
      (client) =>
        client.$executeRaw`UPDATE sealed_key SET record = NULL WHERE record IS NOT NULL AND destroy_after <= now()`,
    );
  }
}

function legacyKeyOf(record: Uint8Array): Uint8Array | undefined {
  try {
    return decodeSealedKey(record).core.legacy_key;
  } catch {
    return undefined; // no enclave can decode the record either
  }
}

/** Returns plain bytes, because the encoder accepts no Buffer. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
