import { LIMITS } from '@communique-tee/protocol';
import { Controller, Get, Header, Query, StreamableFile } from '@nestjs/common';
import { ProblemError } from '../../runtime/problem-error';
import { KeyRing } from './key-ring';

const HEX = new RegExp(`^(?:[0-9a-fA-F]{2}){${LIMITS.minNonceBytes},${LIMITS.maxNonceBytes}}$`);

@Controller('attestation')
export class AttestationController {
  constructor(private readonly ring: KeyRing) {}

  /** Of the current key: what is sealed from now on is sealed to it. */
  @Get()
  @Header('content-type', 'application/cose')
  @Header('cache-control', 'no-store')
  async document(@Query('nonce') nonce?: unknown): Promise<StreamableFile> {
    if (nonce !== undefined && (typeof nonce !== 'string' || !HEX.test(nonce))) throw new ProblemError('nonce_invalid');
    const { documents } = this.ring.currentOrNotReady();
    return new StreamableFile(
      await (nonce === undefined ? documents.withoutNonce() : documents.withNonce(Buffer.from(nonce, 'hex'))),
    );
  }
}
