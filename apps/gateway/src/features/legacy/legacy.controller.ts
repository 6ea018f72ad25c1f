import { type LegacyPublicKeyView, legacyPublicKeyViewSchema } from '@communique-tee/protocol';
import { Controller, Get, Header } from '@nestjs/common';
import { ProblemError } from '../../core/problems/problem-error';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { LegacySuite } from './legacy-suite';
import type { Example, Tag } from '../../core/routing/operation';
import { Operation } from '../../core/routing/route-policy';

const LEGACY: Tag = { name: 'Legacy', description: 'Only for the web client (legacy).' };
const KEY_EXAMPLE: Example = {
  summary: 'A key of a development enclave',
  value: {
    success: true,
    keyId: 'ed5092f2c5a3feb4396a90bd84a4269e',
    publicKey: '0xf2c4adbb745e7047defd9c384c97c2c9c77a3f27d9a32bc2a581cc66a4ee4c54',
    algorithm: 'X25519-XChaCha20-Poly1305',
  } satisfies LegacyPublicKeyView,
};

@Controller('api/tee')
export class LegacyController {
  constructor(private readonly suite: LegacySuite) {}

  @Get('public-key')
  @RateLimit('attestation')
  @Operation({
    id: 'getLegacyPublicKey',
    tag: LEGACY,
    summary: 'Get the key of the legacy suite',
    description:
      'The key in the form that the web client (legacy) reads. The answer is not signed: a client that can verify takes the same key from the attestation document. The answer is 404 when every message needs a proof of residence, or when no trusted enclave attests such a key. An enclave attests none if its configuration switches the suite off.',
    answers: {
      '200': {
        description: 'The current key.',
        content: { 'application/json': { schema: legacyPublicKeyViewSchema, examples: { key: KEY_EXAMPLE } } },
      },
    },
    problems: ['not_found'],
  })
  @Header('cache-control', 'no-store')
  publicKey(): LegacyPublicKeyView {
    const key = this.suite.key();
    if (key === null) throw new ProblemError('not_found');
    return key;
  }
}
