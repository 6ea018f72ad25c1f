import { Injectable } from '@nestjs/common';
import { fromGzip, type Representations } from '../../core/routing/representation';
import { type BuiltFile, builtPage } from './built-page';

/** The page's files, ready to be sent. A few hundred kilobytes; read once. */
@Injectable()
export class PageFiles {
  private files = new Map<string, Representations>();

  constructor() {
    this.take(builtPage);
  }

  take(built: readonly BuiltFile[]): void {
    this.files = new Map(
      built.map(({ name, contentType, gzipBase64 }) => [
        name,
        fromGzip(contentType, Buffer.from(gzipBase64, 'base64')),
      ]),
    );
  }

  get(name: string): Representations | undefined {
    return this.files.get(name);
  }

  names(): string[] {
    return [...this.files.keys()];
  }
}
