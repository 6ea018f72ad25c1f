import { LIMITS } from '@communique-tee/protocol';
import { Controller, Get, Header, Inject, Query, StreamableFile } from '@nestjs/common';
import type { ServedConfiguration } from '../../configuration/served-configuration';
import { ProblemError } from '../../runtime/problem-error';
import { SERVED_CONFIGURATION } from '../../runtime/tokens';
import { KeyRing } from './key-ring';

const HEX = new RegExp(`^(?:[0-9a-fA-F]{2}){${LIMITS.minNonceBytes},${LIMITS.maxNonceBytes}}$`);

@Controller('attestation')
export class AttestationController {
  constructor(
    private readonly ring: KeyRing,
    @Inject(SERVED_CONFIGURATION) private readonly served: ServedConfiguration,
  ) {}

  /** Returns an attestation document for the current key, to which clients seal new messages. */
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

  /** Returns the public configuration. Its hash is in the key binding of every document. */
  @Get('configuration')
  @Header('content-type', 'application/json')
  @Header('cache-control', 'no-store')
  configuration(): StreamableFile {
    return new StreamableFile(this.served.bytes);
  }
}
