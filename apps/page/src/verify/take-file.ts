// Uses a file or values that the person gives on /verify.
import { signal } from '@preact/signals';
import { operatorsOf, readAccepted, type Problem } from '../trust/accepted';
import { checkEnclave, demoRoot, given, naming } from '../trust/trust';
import { contentOf, examineReceipt, MAX_FILE_BYTES, type ReceiptVerdict } from './read-file';

export type Outcome =
  | { readonly kind: 'compared' }
  | { readonly kind: 'receipt'; readonly verdict: ReceiptVerdict }
  | { readonly kind: 'refused'; readonly why: 'tooLarge' | 'unreadable' | 'several' | 'unnamed' }
  | { readonly kind: 'problem'; readonly problem: Problem };

/** The outcome of the last file or typed values. */
export const outcome = signal<Outcome | undefined>(undefined);
let latest = 0;

/** Ignores a file if another was given before it was read. */
export async function takeFiles(files: Iterable<File> | null | undefined): Promise<void> {
  const [file, ...more] = files ?? [];
  if (file === undefined) return;
  const number = ++latest;
  if (more.length > 0) outcome.value = { kind: 'refused', why: 'several' };
  else if (file.size > MAX_FILE_BYTES) outcome.value = { kind: 'refused', why: 'tooLarge' };
  else {
    let content: string;
    try {
      content = await file.text();
    } catch {
      if (number === latest) outcome.value = { kind: 'refused', why: 'unreadable' };
      return;
    }
    if (number === latest) await takeText(content, '');
  }
}

export async function takeText(image: string, operator: string): Promise<void> {
  const number = ++latest;
  const content = contentOf(image);
  const { accepted } = naming.value;
  if (content.kind === 'receipt') {
    const next: Outcome =
      accepted === undefined
        ? { kind: 'refused', why: 'unnamed' }
        : { kind: 'receipt', verdict: await examineReceipt(content.receipt, accepted, demoRoot.value) };
    if (number === latest) outcome.value = next;
    return;
  }
  const read = readAccepted(content.text, operator, operatorsOf(accepted ?? []));
  if (!read.ok) {
    outcome.value = { kind: 'problem', problem: read.problem };
    return;
  }
  given.value = read.value;
  outcome.value = { kind: 'compared' };
  await checkEnclave();
}
