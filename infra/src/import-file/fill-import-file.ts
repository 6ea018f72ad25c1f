import type { runtime } from '@pulumi/pulumi';
import * as z from 'zod';
import { MOCK_ACCOUNT, MockAws, type SeenResource } from '../mock-aws';
import { NoId, type Account } from './account';
import { IMPORT_IDS, LEFT_OUT_BY_NAME, type Wanted } from './import-ids';

/** The file of `pulumi preview --import-file` and `pulumi import --file`. Members that this program does not read stay unchanged. */
export const importFileSchema = z.looseObject({
  resources: z.array(
    z.looseObject({
      type: z.string(),
      name: z.string(),
      id: z.string().optional(),
      /** The resource's real name, if Pulumi has changed `name` to make it unique. */
      logicalName: z.string().optional(),
      component: z.boolean().optional(),
    }),
  ),
});
export type ImportFile = z.output<typeof importFileSchema>;

export interface Filled {
  /** The file with ids, and without resources that are not imported. */
  readonly file: ImportFile;
  readonly filled: number;
  /** Resources that are not imported, because `pulumi up` makes them. */
  readonly leftOut: readonly string[];
  /** Resources about which a person has to decide. */
  readonly undecided: readonly string[];
}

/** Preview's stand-in for AWS. It also remembers the resource of each id, because inputs refer to resources by id. */
export class RememberingAws extends MockAws {
  readonly byId = new Map<string, SeenResource>();

  override newResource(args: runtime.MockResourceArgs): { id: string; state: Record<string, unknown> } {
    const made = super.newResource(args);
    const seen = this.resources.at(-1);
    // Remember only ids in AWS's forms, because one name can be the id of resources of several types.
    if (seen !== undefined && made.id !== seen.name && /^(?:[a-z]+-0|arn:)/.test(made.id)) this.byId.set(made.id, seen);
    return made;
  }
}

export interface Program {
  readonly resources: readonly SeenResource[];
  readonly byId: ReadonlyMap<string, SeenResource>;
  readonly hostedZone: string | undefined;
}

/**
 * @param program the resources as preview sees them
 * @param only the resources to import, as `<type>::<name>`; default: all
 * @throws Error of one line if AWS refuses a request
 */
export async function fillImportFile(
  file: ImportFile,
  program: Program,
  account: Account,
  only?: ReadonlySet<string>,
): Promise<Filled> {
  const leftOut: string[] = [];
  const undecided: string[] = [];
  const accountId = await account.accountId();
  const idOf = async (resource: SeenResource): Promise<string> => {
    const way = IMPORT_IDS[resource.type];
    if (way === undefined) throw new NoId('ambiguous', `this command cannot find the id of ${resource.type}`);
    if ('leftOut' in way) throw new NoId('absent', way.leftOut);
    return way.id(wantedOf(resource));
  };
  const wantedOf = ({ name, inputs }: SeenResource): Wanted => ({
    name,
    account,
    hostedZone: program.hostedZone,
    async input(key) {
      const value = inputs[key];
      if (typeof value !== 'string') throw new NoId('ambiguous', `${name} has no text ${key}`);
      const other = program.byId.get(value);
      return other === undefined ? value.replaceAll(MOCK_ACCOUNT, accountId) : idOf(other);
    },
    tagged: (kind) => {
      const { Name: tag } = z.object({ Name: z.string() }).catch({ Name: name }).parse(inputs['tags']);
      return account.tagged(kind, tag.replaceAll(MOCK_ACCOUNT, accountId));
    },
  });

  const resources: ImportFile['resources'] = [];
  let filled = 0;
  for (const entry of file.resources) {
    const { type, name, logicalName = name } = entry;
    if (entry.component === true || !type.startsWith('aws:')) {
      resources.push(entry);
      continue;
    }
    if (only !== undefined && !only.has(`${type}::${logicalName}`)) continue;
    const said = `${type} ${logicalName}`;
    const byName = LEFT_OUT_BY_NAME.find(([pattern]) => pattern.test(logicalName));
    const resource = program.resources.find((seen) => seen.type === type && seen.name === logicalName);
    try {
      if (byName) throw new NoId('absent', byName[1]);
      if (resource === undefined)
        throw new NoId('ambiguous', 'the program does not make it: was the file written with this configuration?');
      resources.push({ ...entry, id: await idOf(resource) });
      filled++;
    } catch (error) {
      if (!(error instanceof NoId)) throw error;
      (error.kind === 'absent' ? leftOut : undecided).push(`${said}: ${error.message}`);
    }
  }
  return { file: { ...file, resources }, filled, leftOut, undecided };
}
