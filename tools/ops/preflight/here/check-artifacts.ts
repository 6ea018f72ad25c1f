import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { fail, pass, warn, type Check, type Context, type Finding } from '../check';
import type { Plan } from '../plan/read-plan';

const isOfRelease = (problem: string): boolean => problem.startsWith('releaseFile');

/** Reports what infra finds wrong with the image. Warns if the image was built from another configuration file or commit. */
export const image: Check = {
  name: 'image',
  title: 'the enclave image is built for this stack, and fits into its memory',
  group: 'here',
  network: false,
  needs: ['plan'],
  async run(context) {
    const plan = await context.plan();
    const build = `npm run image -- build --stack ${context.stack} --arch ${plan.architecture}`;
    const wrong = plan.artifactProblems.filter((problem) => !isOfRelease(problem));
    if (wrong.length > 0)
      return wrong.map((problem) =>
        fail(
          problem.replace(/[;:] (build the image (first|again): )?npm run image -- build.*$/, ''),
          'build the image',
          build,
        ),
      );
    if (plan.image === undefined)
      return [pass('infra accepts the image. To check its measurements too, build the release')];
    return [
      pass(`version ${plan.image.version}, PCR0 ${plan.image.pcr0.slice(0, 16)}...`),
      ...(await hasAged(context, plan, build)),
    ];
  },
};

export const release: Check = {
  name: 'release',
  title: 'the programs of the parent are built',
  group: 'here',
  network: false,
  needs: ['plan'],
  async run(context) {
    const { architecture, artifactProblems, referenceString } = await context.plan();
    const proofs = (context.stackFile.values.get('residence') ?? 'off') !== 'off';
    const build = `npm run ops -- release --arch ${architecture}${proofs ? ' --reference-string' : ''}`;
    const [wrong] = artifactProblems.filter(isOfRelease);
    if (wrong !== undefined) return fail(wrong.replace(/; build the release first.*$/, ''), 'build the release', build);
    if (proofs && referenceString === false)
      return warn(
        'the release has no reference string: residence is on, and people could not prove it in the page',
        'build the release with the reference string, unless people will prove only with the command or the client library',
        build,
      );
    return pass('there');
  },
};

const measurementsSchema = z.object({ configurationSha256: z.string().regex(/^[0-9a-f]{64}$/) });

async function hasAged({ ports, signal, stack, stackFile }: Context, plan: Plan, build: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const given = stackFile.values.get('imageFolder') ?? join('dist', 'image', `${stack}-${plan.architecture}`);
  const folder = isAbsolute(given) ? given : join(ports.root, given);
  const parsed = measurementsSchema.safeParse(await readJson(join(folder, 'measurements.json')));
  const file = join('apps', 'enclave', 'config', `${stack}.json`);
  const configuration = await readFile(join(ports.root, file)).catch(() => undefined);
  if (
    parsed.success &&
    configuration !== undefined &&
    createHash('sha256').update(configuration).digest('hex') !== parsed.data.configurationSha256
  ) {
    findings.push(
      warn(
        `${file} has changed since the image was built; the image has the old one`,
        'build the image again, or put the old file back',
        build,
      ),
    );
  }
  const { code, stdout } = await ports.runProgram('git', ['rev-parse', 'HEAD'], { signal });
  const head = stdout.trim();
  if (code === 0 && plan.image !== undefined && plan.image.commit !== head) {
    findings.push(
      warn(
        'the image was not built from exactly the commit that is checked out',
        `build it again, unless this is intended`,
        build,
      ),
    );
  }
  return findings;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}
