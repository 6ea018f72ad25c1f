import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Returns the files below a folder that contain a secret as text, in base64 or percent-encoded. Also looks into gzip files. */
export function filesWithSecrets(folder: string, secrets: readonly string[]): string[] {
  const forms = secrets.flatMap(formsOf);
  return filesUnder(folder).filter((file) => {
    const text = contentOf(file);
    return forms.some((form) => text.includes(form));
  });
}

/** Does not follow links, because they lead to the checkout. */
const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : entry.isFile() ? [path] : [];
  });

/** Returns the forms to search for. In the base64 of a longer text a secret has one of three forms, by the number of bytes before it. */
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
