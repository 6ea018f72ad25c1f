import {
  checkWindow,
  fieldToHex,
  MAX_ROOT_NOTE_BYTES,
  openRootNote,
  registrarOf,
  ResidenceNoteError,
  type Registrar,
} from '@communique-tee/residence';
import * as z from 'zod';
import { fail, notInTime, notYet, pass, skip, warn, type Check, type Context, type Finding } from '../check';
import { fileOf, readEnclaveConfiguration } from '../congress/enclave-configuration';
import { codeOf, nameOf, ranOutOfTime } from '../error-code';
import { listOf } from '../plan/stack-file';

const DAY_SECONDS = 86_400;
/** The registrar publishes a root each week, and a root is valid for two weeks. */
const RENEWED_AFTER_DAYS = 7;
const MAX_VIEW_BYTES = 10_000;
/** The size of the file with the roots of 1,024 subtrees. */
const LIST_FILE_BYTES = 32_768;

const inEnclave = z.looseObject({
  mode: z.string(),
  registrar: z.string().optional(),
  keys: z.array(z.string()).default([]),
});
const view = z.looseObject({ files: z.string().max(1025).optional() });

/** Checks the registrar: the enclave's configuration, and the signed root that clients fetch. */
export const residence: Check = {
  name: 'residence',
  title:
    'the enclave’s configuration names the registrar and its keys; the registrar’s signed root can be fetched and is valid for days',
  group: 'stores',
  network: true,
  async run(context) {
    const { values } = context.stackFile;
    const mode = values.get('residence') ?? 'off';
    const found = await disagreement(context, mode);
    if (mode === 'off') return found.length > 0 ? found : skip('residence is off');
    let registrar: Registrar;
    try {
      registrar = registrarOf(values.get('residenceRegistrar') ?? '', listOf(context.stackFile, 'residenceKeys'));
    } catch (error) {
      if (!(error instanceof ResidenceNoteError)) throw error;
      return [...found, fail(error.message, 'take the keys that npm run ops -- registrar key show prints')];
    }
    return [...found, await rootOf(context, registrar)];
  },
};

/** Reports differences between the stack's configuration and the enclave's configuration, which becomes part of the image. */
async function disagreement(context: Context, mode: string): Promise<Finding[]> {
  const configuration = await readEnclaveConfiguration(context);
  // The check enclave-config reports this problem.
  if ('problem' in configuration) return [];
  const file = fileOf(context.stack);
  const inside = inEnclave.safeParse(configuration['residence'] ?? { mode: 'off' });
  if (!inside.success) return [fail(`residence of ${file} is not understood`, 'docs/operations.md has its members')];
  const { stackFile } = context;
  const differs =
    inside.data.mode !== mode
      ? 'mode'
      : mode === 'off'
        ? undefined
        : inside.data.registrar !== stackFile.values.get('residenceRegistrar')
          ? 'registrar'
          : [...inside.data.keys].sort().join() !== listOf(stackFile, 'residenceKeys').sort().join()
            ? 'keys'
            : undefined;
  return differs === undefined
    ? []
    : [
        fail(
          `residence.${differs} of ${file} differs from Pulumi.${context.stack}.yaml`,
          'the gateway would never be ready: make them equal, and build the image again',
        ),
      ];
}

async function rootOf(context: Context, registrar: Registrar): Promise<Finding> {
  try {
    const files = await addressOf(context);
    if (typeof files !== 'string') return files;
    const note = await get(context, new URL('root.note', files), MAX_ROOT_NOTE_BYTES);
    if (note.status !== 200)
      return notYet(context, `${files}root.note answers ${String(note.status)}`, 'publish, and upload what it wrote');
    const root = openRootNote(note.body.toString(), registrar);
    checkWindow(root, Math.floor(context.ports.nowMs() / 1000));
    if (note.origin !== '*')
      return fail(
        `${files} does not allow pages of other origins to read it`,
        'it has to answer with Access-Control-Allow-Origin: *',
      );
    const subtrees = await get(context, new URL(`${fieldToHex(root.root)}/subtrees`, files), LIST_FILE_BYTES);
    if (subtrees.status !== 200 || subtrees.body.length !== LIST_FILE_BYTES)
      return fail(`${files} has no whole list for its root`, 'upload the folder of the root, and root.note last');
    const days = Math.floor((root.notAfter - context.ports.nowMs() / 1000) / DAY_SECONDS);
    const lasts = `the root of ${registrar.registrar} lasts ${String(days)} more days`;
    return days < RENEWED_AFTER_DAYS
      ? warn(lasts, 'publish once a week: people cannot prove under a root that has ended')
      : pass(`${lasts}; ${String(root.places)} places`);
  } catch (error) {
    if (error instanceof ResidenceNoteError)
      return fail(`the root note cannot be used: ${error.message}`, 'publish, and compare residenceKeys with key show');
    if (ranOutOfTime(error)) return notInTime('the host of the registrar’s files');
    return notYet(
      context,
      `the registrar’s files cannot be fetched (${codeOf(error) ?? nameOf(error)})`,
      'look at the address, and whether everything was uploaded',
    );
  }
}

/** Returns the address of the registrar's files: from the stack's configuration, or else from the gateway. */
async function addressOf(context: Context): Promise<string | Finding> {
  const own = context.stackFile.values.get('residenceFilesUrl') ?? '';
  if (own !== '') return own.endsWith('/') ? own : `${own}/`;
  const url = new URL(`https://${context.stackFile.values.get('domain') ?? ''}/api/residence`);
  if (context.before === 'up')
    return notYet(context, 'pulumi up makes the bucket of the registrar’s files', 'upload them afterwards');
  const { status, body } = await get(context, url, MAX_VIEW_BYTES);
  const { files } = status === 200 ? view.parse(JSON.parse(body.toString())) : {};
  return files ?? fail(`${url.href} answers ${String(status)}, without an address of the files`, 'look at the gateway');
}

interface Answer {
  readonly status: number;
  /** The body, cut one byte after the limit, so that a longer body is noticed. */
  readonly body: Buffer;
  /** The header Access-Control-Allow-Origin. */
  readonly origin: string | null;
}

async function get({ ports, signal }: Context, url: URL, maxBytes: number): Promise<Answer> {
  // Send an Origin as a page does, so that the answer has CORS headers.
  const response = await ports.fetch(url, {
    headers: { origin: 'https://preflight.example.org' },
    redirect: 'error',
    signal,
  });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length > maxBytes) break;
  }
  return {
    status: response.status,
    body: Buffer.concat(chunks).subarray(0, maxBytes + 1),
    origin: response.headers.get('access-control-allow-origin'),
  };
}
