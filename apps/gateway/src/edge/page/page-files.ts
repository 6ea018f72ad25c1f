import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { type BuiltFile, builtPage } from './built-page';

export interface Representation {
  readonly body: Buffer;
  /** Strong (RFC 9110 section 8.8.3): each encoding has its own. */
  readonly etag: string;
}

export interface PageFile {
  readonly contentType: string;
  readonly plain: Representation;
  readonly gzip: Representation;
}

/** The page's files, ready to be sent. A few hundred kilobytes; read once. */
@Injectable()
export class PageFiles {
  private files = new Map<string, PageFile>();

  constructor() {
    this.take(builtPage);
  }

  take(built: readonly BuiltFile[]): void {
    this.files = new Map(built.map((file) => [file.name, readFile(file)]));
  }

  get(name: string): PageFile | undefined {
    return this.files.get(name);
  }

  names(): string[] {
    return [...this.files.keys()];
  }
}

function readFile({ contentType, gzipBase64 }: BuiltFile): PageFile {
  const compressed = Buffer.from(gzipBase64, 'base64');
  return { contentType, plain: representation(gunzipSync(compressed)), gzip: representation(compressed) };
}

function representation(body: Buffer): Representation {
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}
