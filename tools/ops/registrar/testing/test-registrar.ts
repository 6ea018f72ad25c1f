import {
  congressAt,
  fieldToHex,
  formatDistrict,
  randomField,
  type Field,
  type RegistrationJson,
} from '@communique-tee/residence';
import { houseOffices, STATES } from '@communique-tee/protocol';
import { join } from 'node:path';
import { Registrar, systemWorld, type Published, type Request } from '../index';
import { serveList, type ListHost } from './serve-list';

export const TEST_REGISTRAR_ID = 'test-registrar';
const DAY_SECONDS = 86_400;
const MAX_CAMPAIGN_DAYS = 90;

export interface TestRegistrarOptions {
  /** A folder that does not exist yet. The register, the key and the static files go there. */
  readonly folder: string;
  /** How many made-up people are registered at the start; default 100. */
  readonly people?: number;
  /** The port that serves the static files on 127.0.0.1; default: a free port. */
  readonly port?: number;
}

/** A registrar of made-up people with its own key, for the demo and tests. It serves its static files on 127.0.0.1. */
export interface TestRegistrar extends AsyncDisposable {
  readonly id: string;
  /** The public keys for verifiers. */
  readonly keys: readonly string[];
  readonly maxCampaignDays: number;
  /** The address of the static files, with a slash at the end. */
  readonly filesUrl: string;
  readonly host: ListHost;
  /** The newest published root. */
  readonly published: Published;
  /** Registers a person and publishes a new root. `district` is without the Congress: `CA-12`, `MT-01`, `DC-00`. */
  register(commitment: Field, district: string): RegistrationJson;
  /** Registers several people and publishes one root. */
  registerAll(people: readonly { readonly commitment: Field; readonly district: string }[]): RegistrationJson[];
  /** Signs a campaign that began a minute ago. @returns the campaign's note */
  openCampaign(id: string, days?: number): string;
  /** The registrar itself, for tests that need more. */
  readonly registrar: Registrar;
  stop(): Promise<void>;
}

/** @throws what Registrar throws, and Node's error if the port is taken */
export async function startTestRegistrar(options: TestRegistrarOptions): Promise<TestRegistrar> {
  const world = systemWorld('the test registrar');
  const publicFolder = join(options.folder, 'public');
  const registrar = Registrar.create(
    join(options.folder, 'register'),
    { registrar: TEST_REGISTRAR_ID, maxCampaignDays: MAX_CAMPAIGN_DAYS },
    world,
  );
  try {
    registrar.makeKey();
    const districts = districtsOfNow(world.now());
    registrar.add(
      Array.from({ length: options.people ?? 100 }, (_, at) =>
        request(`made-up-${String(at)}`, randomField(), districts[at % districts.length] ?? ''),
      ),
      null,
    );
    let published = registrar.publish(publicFolder);
    let registered = 0;
    const host = await serveList(publicFolder, options.port);
    const stop = async (): Promise<void> => {
      await host.stop();
      registrar[Symbol.dispose]();
    };
    const registerAll: TestRegistrar['registerAll'] = (people) => {
      const congress = String(congressAt(world.now())).padStart(3, '0');
      const requests = people.map(({ commitment, district }) =>
        request(`registered-${String(++registered)}`, commitment, `${congress}-${district}`),
      );
      registrar.add(requests, null);
      published = registrar.publish(publicFolder);
      return requests.map(({ person }) => registrar.registrationOf(person));
    };
    return {
      id: TEST_REGISTRAR_ID,
      keys: registrar.verifierKeys().map(({ key }) => key),
      maxCampaignDays: MAX_CAMPAIGN_DAYS,
      filesUrl: host.url,
      host,
      get published() {
        return published;
      },
      registrar,
      register(commitment, district) {
        const [registration] = registerAll([{ commitment, district }]);
        if (registration === undefined) throw new Error('no person was registered');
        return registration;
      },
      registerAll,
      openCampaign(id, days = 30) {
        const notBefore = world.now() - 60;
        return registrar.openCampaign(id, { notBefore, notAfter: notBefore + days * DAY_SECONDS });
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    registrar[Symbol.dispose]();
    throw error;
  }
}

function request(person: string, commitment: Field, district: string): Request {
  return { line: 0, person, commitment: fieldToHex(commitment), district, name: null, born: null, distinct: false };
}

/** Every district of the Congress that is in office at `unixSeconds`. */
function districtsOfNow(unixSeconds: number): string[] {
  const congress = congressAt(unixSeconds);
  return STATES.flatMap((state) =>
    houseOffices(state).map((office) => formatDistrict({ congress, state, seat: Number(office.slice(-2)) })),
  );
}
