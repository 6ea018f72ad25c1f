import { LIMITS } from '@communique-tee/protocol';
import { Controller, Get, Header, Query, StreamableFile } from '@nestjs/common';
import { ProblemError } from '../http/problem-error';
import { DocumentSource } from './document-source';

const HEX = new RegExp(`^(?:[0-9a-fA-F]{2}){${LIMITS.minNonceBytes},${LIMITS.maxNonceBytes}}$`);

@Controller('attestation')
export class AttestationController {
  constructor(private readonly documents: DocumentSource) {}

  @Get()
  @Header('content-type', 'application/cose')
  @Header('cache-control', 'no-store')
  async document(@Query('nonce') nonce?: unknown): Promise<StreamableFile> {
    if (nonce === undefined) return new StreamableFile(await this.documents.withoutNonce());
    if (typeof nonce !== 'string' || !HEX.test(nonce)) throw new ProblemError('nonce_invalid');
    return new StreamableFile(await this.documents.withNonce(Buffer.from(nonce, 'hex')));
  }
}
