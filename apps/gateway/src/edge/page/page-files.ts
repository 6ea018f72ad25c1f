import { REFERENCE_STRING_NAME, REFERENCE_STRING_SHA256 } from '@communique-tee/residence';
import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { fromGzip, fromPlain, type Representations } from '../../core/routing/representation';
import { type BuiltFile, builtPage } from './built-page';

/** The page's files in memory: 4 MB compressed, nearly all of it for making proofs of residence. */
@Injectable()
export class PageFiles {
  private files = new Map<string, Representations>();

  constructor(@Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'residence'>) {
    this.take(builtPage);
  }

  take(built: readonly BuiltFile[]): void {
    this.files = new Map(
      built.map(({ name, contentType, gzipBase64 }) => [
        name,
        fromGzip(contentType, Buffer.from(gzipBase64, 'base64')),
      ]),
    );
    const { residence } = this.config;
    if (residence.mode === 'off' || residence.referenceStringFile === undefined) return;
    const bytes = readReferenceString(residence.referenceStringFile);
    this.files.set(REFERENCE_STRING_NAME, fromPlain('application/octet-stream', bytes));
  }

  get(name: string): Representations | undefined {
    return this.files.get(name);
  }

  names(): string[] {
    return [...this.files.keys()];
  }
}

/** @throws Error, which stops the start, if the file is not the reference string that every page expects */
function readReferenceString(path: string): Buffer {
  const bytes = readFileSync(path);
  if (createHash('sha256').update(bytes).digest('hex') !== REFERENCE_STRING_SHA256)
    throw new Error('RESIDENCE_REFERENCE_STRING_FILE: names a file with another SHA-256 than bn254_g1_4097.dat has');
  return bytes;
}
