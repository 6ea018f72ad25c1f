import { CAMPAIGN_ID_PATTERN } from '@communique-tee/protocol';
import {
  checkId,
  fieldFromHex,
  fieldToHex,
  MAX_ROOT_SECONDS,
  openRootNote,
  ResidenceNoteError,
  signCampaignNote,
  signRootNote,
  type RegistrationJson,
} from '@communique-tee/residence';
import type { BulkHasher } from '@communique-tee/residence/bulk';
import { formatVerifierKey, type SigningKey } from '@communique-tee/transparency';
import { randomBytes } from 'node:crypto';
import {
  addPeople,
  forgetEnded,
  movePeople,
  revokePerson,
  systemRandomness,
  type Change,
  type Changed,
  type Randomness,
} from './people/change-people';
import { endOfForgettableEntries } from './people/registration-rules';
import { SigningKeys } from './publication/signing-keys';
import { publicationOf, StaticFiles } from './publication/static-files';
import { DurableFiles } from './register/durable-files';
import { newRegister, type Campaign, type Person, type Register, type Registration } from './register/register';
import { RegisterStore } from './register/register-store';
import { RegistrarError } from './registrar-error';
import type { Move, Request } from './requests/read-requests';
import type { Finding } from './residence/residence-check';

/** Clock, name and random numbers for the registrar; tests pass their own. */
export interface World {
  /** Unix seconds. */
  readonly now: () => number;
  /** The name of the person who runs the command, for the audit log. */
  readonly by: string;
  readonly files: DurableFiles;
  readonly random: Randomness;
}

export function systemWorld(by: string): World {
  return {
    now: () => Math.floor(Date.now() / 1000),
    by,
    files: new DurableFiles(),
    random: systemRandomness,
  };
}

export interface Published {
  readonly root: string;
  /** Unix seconds. */
  readonly notBefore: number;
  /** Unix seconds. */
  readonly notAfter: number;
  readonly people: number;
  readonly files: number;
  /** Whether the last publication had the same tree. */
  readonly sameTree: boolean;
}

const DAY_SECONDS = 86_400;
/** The entry of a restored register for all roots that were published after its backup. */
const UNKNOWN_ROOT = '0'.repeat(64);

/**
 * The registrar: registers people, and publishes their tree and its notes (docs/operator/registrar.md). One process at a time may open it.
 *
 * @example
 * using registrar = Registrar.open(folder, systemWorld('alice'));
 * const [change] = registrar.add([request], null);
 * registrar.publish(publicFolder);
 */
export class Registrar implements Disposable {
  private readonly keys: SigningKeys;

  private constructor(
    private readonly store: RegisterStore,
    folder: string,
    private readonly world: World,
  ) {
    this.keys = new SigningKeys(folder, store.register.registrar, world.files);
  }

  /** Makes an empty register without a key. @throws RegistrarError `ERR_REGISTRAR_STATE` if a register exists; ResidenceError for a wrong id */
  static create(folder: string, of: { registrar: string; maxCampaignDays: number }, world: World): Registrar {
    checkId(of.registrar);
    const register = newRegister({ ...of, likenessKey: randomBytes(32).toString('hex') });
    const store = RegisterStore.create(folder, register, entryOf(world, 'init', [of]), world.files);
    return new Registrar(store, folder, world);
  }

  /** @throws RegistrarError like RegisterStore.open */
  static open(folder: string, world: World): Registrar {
    return new Registrar(RegisterStore.open(folder, world.files), folder, world);
  }

  /**
   * Opens a register that comes from a backup. It does not know the roots that were published since the backup, which may be valid for 14
   * more days. Until they have ended, the registrar publishes no commitment that is new to the register.
   */
  static restored(folder: string, world: World): Registrar {
    const now = world.now();
    const until = now + MAX_ROOT_SECONDS;
    const store = RegisterStore.adopt(
      folder,
      (register) => {
        const number = register.publications + 1;
        const unknown = { number, root: UNKNOWN_ROOT, notBefore: now, notAfter: until };
        const roots = [...register.roots, unknown];
        return { ...register, roots, publications: number, newCommitmentsFrom: until + DAY_SECONDS };
      },
      entryOf(world, 'restored', []),
      world.files,
    );
    return new Registrar(store, folder, world);
  }

  get register(): Register {
    return this.store.register;
  }

  /** Whether the last command was interrupted before it changed the register. */
  get interrupted(): boolean {
    return this.store.interrupted;
  }

  log(): Generator<string> {
    return this.store.log();
  }

  /** The public keys for verifiers. `signs`: whether the registrar signs with this key now. @throws RegistrarError `ERR_REGISTRAR_UNREADABLE` */
  verifierKeys(): { readonly key: string; readonly keyId: string; readonly signs: boolean }[] {
    return this.keys.ids().map((keyId) => ({
      key: formatVerifierKey(this.keys.read(keyId)),
      keyId,
      signs: keyId === this.register.signingKey,
    }));
  }

  /** Makes a key. The registrar signs with its first key at once, and with a later key only after `useKey`. @returns the key's id */
  makeKey(): string {
    const { keyId } = this.keys.make();
    this.save({ ...this.register, signingKey: this.register.signingKey ?? keyId }, 'key make', [{ keyId }]);
    return keyId;
  }

  /** Lets the registrar sign with this key from now on. @throws RegistrarError if there is no key with this id */
  useKey(keyId: string): void {
    if (!this.keys.ids().includes(keyId)) throw new RegistrarError('ERR_REGISTRAR_STATE', `there is no key ${keyId}`);
    this.keys.read(keyId);
    this.save({ ...this.register, signingKey: keyId }, 'key use', [{ keyId }]);
  }

  /**
   * Registers all of these people, or none.
   * @param findings the results of the check of residence, in the order of the requests; null: the requests name the districts
   * @throws RegistrarError `ERR_REGISTRAR_REFUSED` | `ERR_REGISTRAR_STATE`
   */
  add(requests: readonly Request[], findings: readonly Finding[] | null): readonly Change[] {
    const { now, random } = this.world;
    return this.change('add', addPeople(this.register, requests, findings, now(), random));
  }

  /** Gives all of these registered people new districts, or none of them. @throws RegistrarError `ERR_REGISTRAR_REFUSED` */
  move(moves: readonly Move[]): readonly Change[] {
    return this.change('move', movePeople(this.register, moves, this.world.now(), this.world.random));
  }

  /** Revokes a person, whose place is empty in the next root. @throws RegistrarError `ERR_REGISTRAR_STATE` */
  revoke(person: string): void {
    this.change('revoke', revokePerson(this.register, person));
  }

  /** Returns the registration that the person gets, for the page or the command line. @throws RegistrarError `ERR_REGISTRAR_STATE` */
  registrationOf(person: string): RegistrationJson {
    const registration = this.register.people.get(person)?.registration ?? null;
    if (registration === null) throw new RegistrarError('ERR_REGISTRAR_STATE', `${person} is not registered`);
    return registrationJson(this.register.registrar, registration);
  }

  /**
   * Signs the current tree for 14 days, and writes its files. It saves the root in the register first.
   * @param hasher a faster hasher, for registers of many people
   * @throws RegistrarError `ERR_REGISTRAR_STATE` without a key, or if the tree would have no people; `ERR_REGISTRAR_UNREADABLE` if the
   * published root is not in the register
   */
  publish(publicFolder: string, allowEmpty = false, hasher?: BulkHasher): Published {
    const { register } = this;
    const files = new StaticFiles(publicFolder, this.world.files);
    const key = this.signingKey();
    this.refuseUnknownRoot(this.publishedIn(publicFolder));
    const notBefore = this.world.now();
    const notAfter = notBefore + MAX_ROOT_SECONDS;
    const publication = publicationOf(register, notBefore, hasher);
    if (publication.leaves === 0 && !allowEmpty)
      throw new RegistrarError('ERR_REGISTRAR_STATE', 'the tree would have no people, so nothing was published');
    const { root, places } = publication;
    const note = signRootNote(
      { registrar: register.registrar, root: fieldFromHex(root), notBefore, notAfter, places },
      key,
    );
    const number = register.publications + 1;
    const over = endOfForgettableEntries({ ...register, roots: [{ number, root, notBefore, notAfter }] }, notBefore);
    const roots = [...register.roots.filter((each) => each.notAfter >= over), { number, root, notBefore, notAfter }];
    this.save({ ...register, publications: number, roots }, 'publish', [{ number, root, notBefore, notAfter }]);
    files.putTree(publication);
    files.putNote(note);
    files.removeAllBut(new Set(roots.filter((each) => each.notAfter >= notBefore).map((each) => each.root)));
    return {
      root,
      notBefore,
      notAfter,
      people: publication.leaves,
      files: register.files,
      sameTree: register.roots.at(-1)?.root === root,
    };
  }

  /** Returns the root whose note is in the folder of static files; null if there is no note of this registrar. */
  publishedIn(publicFolder: string): Pick<Published, 'root' | 'notBefore' | 'notAfter'> | null {
    const note = new StaticFiles(publicFolder, this.world.files).note();
    const { registrar } = this.register;
    const keys = this.keys.ids().map((keyId) => this.keys.read(keyId));
    try {
      if (note === null) return null;
      const { root, notBefore, notAfter } = openRootNote(note, { registrar, keys });
      return { root: fieldToHex(root), notBefore, notAfter };
    } catch (error) {
      if (error instanceof ResidenceNoteError) return null;
      throw error;
    }
  }

  /**
   * Opens a campaign. An id can be opened only once, so that a person can send only once under it.
   * @returns the campaign's note
   * @throws RegistrarError `ERR_REGISTRAR_STATE` | `ERR_REGISTRAR_REFUSED`
   */
  openCampaign(id: string, window: { readonly notBefore: number; readonly notAfter: number }): string {
    const { register } = this;
    const days = (window.notAfter - window.notBefore) / DAY_SECONDS;
    const wrong = !CAMPAIGN_ID_PATTERN.test(id)
      ? 'a campaign id is 2 to 64 of a-z, 0-9 and -'
      : days <= 0
        ? 'the campaign ends before it begins'
        : days > register.maxCampaignDays
          ? `a campaign lasts at most ${String(register.maxCampaignDays)} days`
          : window.notAfter <= this.world.now()
            ? 'the campaign has ended already'
            : null;
    if (wrong !== null) throw new RegistrarError('ERR_REGISTRAR_REFUSED', `${wrong}. Nothing was signed.`);
    if (register.campaigns.some((each) => each.id === id))
      throw new RegistrarError(
        'ERR_REGISTRAR_STATE',
        `campaign ${id} was signed already; campaign show prints its note. Nothing was signed.`,
      );
    const campaign: Campaign = { id, ...window };
    const note = this.noteOf(campaign);
    this.save({ ...register, campaigns: [...register.campaigns, campaign] }, 'campaign open', [campaign]);
    return note;
  }

  /** Returns the note of a campaign, signed by the current key. @throws RegistrarError `ERR_REGISTRAR_STATE` */
  campaignNote(id: string): string {
    const campaign = this.register.campaigns.find((each) => each.id === id);
    if (campaign === undefined) throw new RegistrarError('ERR_REGISTRAR_STATE', `there is no campaign ${id}`);
    return this.noteOf(campaign);
  }

  [Symbol.dispose](): void {
    this.store[Symbol.dispose]();
  }

  private noteOf({ id, notBefore, notAfter }: Campaign): string {
    const { registrar } = this.register;
    const note = { registrar, campaign: id, notBefore, notAfter };
    return signCampaignNote(note, this.register.maxCampaignDays, this.signingKey());
  }

  private signingKey(): SigningKey {
    const { signingKey } = this.register;
    if (signingKey === null)
      throw new RegistrarError('ERR_REGISTRAR_STATE', 'there is no signing key: make one with key make');
    return this.keys.read(signingKey);
  }

  private change(command: string, { register, changes }: Changed): readonly Change[] {
    const made = changes.filter(({ kind }) => kind !== 'unchanged');
    if (made.length > 0)
      this.save(
        register,
        command,
        made.map(({ kind, person, registration }) => ({
          kind,
          person,
          ...(registration !== null && { district: registration.district, index: registration.index }),
        })),
      );
    return changes;
  }

  private save(register: Register, command: string, changes: readonly object[]): void {
    this.store.save(forgetEnded(register, this.world.now()), entryOf(this.world, command, changes));
  }

  /** Throws if the register does not know the published root: it is then an old copy. */
  private refuseUnknownRoot(published: Pick<Published, 'root' | 'notAfter'> | null): void {
    if (published === null || published.notAfter <= this.world.now()) return;
    if (!this.register.roots.some(({ root }) => root === published.root || root === UNKNOWN_ROOT))
      throw new RegistrarError(
        'ERR_REGISTRAR_UNREADABLE',
        'the published root is not in this register, so the register is an old copy; docs/operator/registrar.md tells how to continue after a restore',
      );
  }
}

export function registrationJson(registrar: string, { district, salt, index }: Registration): RegistrationJson {
  return { version: 1, registrar, district, salt, index };
}

export type { Change, Person, Registration };

function entryOf({ by, now }: World, command: string, changes: readonly object[]) {
  return { time: new Date(now() * 1000).toISOString(), by, command, changes };
}
