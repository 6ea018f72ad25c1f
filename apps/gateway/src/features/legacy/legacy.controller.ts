import { type LegacyPublicKeyView, legacyPublicKeyViewSchema } from '@communique-tee/protocol';
import { Controller, Get, Header } from '@nestjs/common';
import { ProblemError } from '../../core/problems/problem-error';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { LegacySuite } from './legacy-suite';
import { Operation } from '../../core/routing/route-policy';

@Controller('api/tee')
export class LegacyController {
  constructor(private readonly suite: LegacySuite) {}

  /** For the web client that exists today, which believes it as it is: whoever can check takes the key out of the attestation document. */
  @Get('public-key')
  @RateLimit('attestation')
  @Operation({
    summary: 'The key of the legacy suite',
    description:
      'For the web client that exists today, in the shape that it reads. Nothing of it is signed: the same key stands in `user_data` of the attestation document (`legacy_key`), where a newer client checks it. Not found where no trusted enclave attests such a key, since its configuration does not switch the suite on.',
    answers: { '200': { description: 'The current key.', content: { 'application/json': legacyPublicKeyViewSchema } } },
    problems: ['not_found'],
  })
  @Header('cache-control', 'no-store')
  publicKey(): LegacyPublicKeyView {
    const key = this.suite.key();
    if (key === null) throw new ProblemError('not_found');
    return key;
  }
}
