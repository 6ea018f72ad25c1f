import { randomBytes, randomUUID } from 'node:crypto';
import type { CheckedPolicy } from '../authorization/policy';
import { KmsFailure } from '../failure';

export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion';

export interface SimulatedKey {
  readonly keyId: string;
  readonly arn: string;
  readonly createdAtMs: number;
  /** 32 bytes; the secret never leaves the simulator */
  readonly secret: Uint8Array;
  policy: CheckedPolicy;
  state: KeyState;
}

/** The key that a request names. */
export interface NamedKey {
  key: SimulatedKey;
  /** `alias/...`, if the request named the key by an alias */
  requestAlias?: string;
}

const ALIAS = /^alias\/[a-zA-Z0-9/_-]{1,250}$/;
const KEY_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Symmetric keys of one account in one region, and the aliases that point at them. */
export class KeyStore {
  readonly #keys = new Map<string, SimulatedKey>();
  readonly #aliases = new Map<string, string>();

  constructor(
    private readonly region: string,
    private readonly account: string,
  ) {}

  create(policy: CheckedPolicy, nowMs: number, alias?: string): SimulatedKey {
    if (alias !== undefined && !ALIAS.test(alias)) throw new TypeError('an alias is "alias/<name>"');
    if (alias !== undefined && this.#aliases.has(alias)) throw new TypeError(`${alias} exists already`);
    const keyId = randomUUID();
    const key: SimulatedKey = {
      keyId,
      arn: this.#arn(`key/${keyId}`),
      createdAtMs: nowMs,
      secret: randomBytes(32),
      policy,
      state: 'Enabled',
    };
    this.#keys.set(keyId, key);
    if (alias !== undefined) this.#aliases.set(alias, keyId);
    return key;
  }

  /** Makes an alias, or points it at another key. */
  point(alias: string, key: SimulatedKey): void {
    if (!ALIAS.test(alias)) throw new TypeError('an alias is "alias/<name>"');
    this.#aliases.set(alias, key.keyId);
  }

  aliasesOf(key: SimulatedKey): string[] {
    return [...this.#aliases].filter(([, keyId]) => keyId === key.keyId).map(([alias]) => alias);
  }

  byId(keyId: string): SimulatedKey | undefined {
    return this.#keys.get(keyId);
  }

  /**
   * Finds a key by key id, key ARN, alias name or alias ARN, like KMS.
   * @throws KmsFailure NotFoundException, AccessDeniedException (if the name belongs to another account, because KMS does not tell what
   * exists there)
   */
  find(name: string): NamedKey {
    const { region, account } = this;
    let local = name;
    if (name.startsWith('arn:')) {
      const [, partition, service, itsRegion, itsAccount, ...rest] = name.split(':');
      local = rest.join(':');
      if (partition !== 'aws' || service !== 'kms' || !/^(key|alias)\//.test(local))
        throw notFound(`Invalid arn ${name}`);
      if (itsRegion !== region) throw notFound(`Invalid arn ${itsRegion ?? ''}`);
      if (itsAccount !== account)
        throw new KmsFailure(
          'AccessDeniedException',
          'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
        );
      local = local.replace(/^key\//, '');
    }
    const alias = local.startsWith('alias/') ? local : undefined;
    const keyId = alias === undefined ? local : this.#aliases.get(alias);
    if (alias !== undefined && keyId === undefined) throw notFound(`Alias ${this.#arn(alias)} is not found.`);
    const key = keyId === undefined ? undefined : this.#keys.get(keyId);
    if (!key)
      throw notFound(
        KEY_ID.test(local) ? `Key '${this.#arn(`key/${local}`)}' does not exist` : `Invalid keyId '${local}'`,
      );
    return { key, ...(alias !== undefined && { requestAlias: alias }) };
  }

  #arn(resource: string): string {
    return `arn:aws:kms:${this.region}:${this.account}:${resource}`;
  }
}

/** @throws KmsFailure DisabledException, KMSInvalidStateException */
export function checkUsable(key: SimulatedKey): void {
  if (key.state === 'Disabled') throw new KmsFailure('DisabledException', `${key.arn} is disabled.`);
  if (key.state === 'PendingDeletion')
    throw new KmsFailure('KMSInvalidStateException', `${key.arn} is pending deletion.`);
}

const notFound = (message: string): KmsFailure => new KmsFailure('NotFoundException', message);
