import type { LegacyPublicKeyView } from '@communique-tee/protocol';
import { Controller, Get, Header } from '@nestjs/common';
import { ProblemError } from '../../core/problems/problem-error';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { LegacySuite } from './legacy-suite';

@Controller('api/tee')
export class LegacyController {
  constructor(private readonly suite: LegacySuite) {}

  /** For the web client that exists today, which believes it as it is: whoever can check takes the key out of the attestation document. */
  @Get('public-key')
  @RateLimit('attestation')
  @Header('cache-control', 'no-store')
  publicKey(): LegacyPublicKeyView {
    const key = this.suite.key();
    if (key === null) throw new ProblemError('not_found');
    return key;
  }
}
