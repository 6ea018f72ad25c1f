import { type LegacyPublicKeyView, legacyPublicKeyViewSchema } from '@communique-tee/protocol';
import { Controller, Get, Header } from '@nestjs/common';
import { ProblemError } from '../../core/problems/problem-error';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { LegacySuite } from './legacy-suite';
import { Operation } from '../../core/routing/route-policy';

@Controller('api/tee')
export class LegacyController {
  constructor(private readonly suite: LegacySuite) {}

  /** For the legacy web client, which does not verify it. A client that can verify takes the key from the attestation document. */
  @Get('public-key')
  @RateLimit('attestation')
  @Operation({
    summary: 'The key of the legacy suite',
    description:
      'For the web client that exists today, in the shape that it reads. The answer is not signed; `user_data` of the attestation document holds the same key (`legacy_key`), where a newer client verifies it. 404 when no trusted enclave attests such a key: its configuration does not switch the suite on.',
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
