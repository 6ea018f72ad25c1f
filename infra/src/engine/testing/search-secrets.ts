import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** The files below a folder that contain a secret: as text, in base64 or percent-encoded, also in compressed files. */
export function filesWithSecrets(folder: string, secrets: readonly string[]): string[] {
  const forms = secrets.flatMap(formsOf);
  return filesUnder(folder).filter((file) => {
    const text = contentOf(file);
    return forms.some((form) => text.includes(form));
  });
}

/** All files below a folder. Links are not followed, because they lead to the checkout. */
const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : entry.isFile() ? [path] : [];
  });

/** The forms to search for. In base64, a secret inside a longer text has one of three forms, by the number of bytes before it. */
function formsOf(secret: string): string[] {
  const shifted = ['', '?', '??'].map((before) => {
    const skipped = Math.ceil((before.length * 8) / 6);
    return Buffer.from(`${before}${secret}`).toString('base64').replace(/=+$/, '').slice(skipped, -1);
  });
  return [...new Set([secret, encodeURIComponent(secret), ...shifted])];
}

function contentOf(file: string): string {
  const bytes = readFileSync(file);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (isGzip ? gunzipSync(bytes) : bytes).toString('latin1');
}
