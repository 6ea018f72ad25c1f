import { type ResidenceView, residenceViewSchema } from '@communique-tee/protocol';
import { VERIFICATION_KEY_SHA256 } from '@communique-tee/residence';
import { Controller, Get, Header, Inject } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import type { Example, Tag } from '../../core/routing/operation';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { Operation } from '../../core/routing/route-policy';

const RESIDENCE: Tag = { name: 'Residence', description: 'How the sender of a message proves residence.' };
const OPEN: Example = {
  summary: 'Every message needs a proof',
  value: {
    mode: 'required',
    registrar: 'example-registrar',
    keys: ['example-registrar+546285b9+AZTGzRuzBVuFBHbUMG2qsXbkIkyL1V46GxnUtYi/z0Q4'],
    files: 'https://registrar.example.org/tree/',
    verificationKeySha256: VERIFICATION_KEY_SHA256,
  } satisfies ResidenceView,
};
const OFF: Example = { summary: 'No proof is taken', value: { mode: 'off' } satisfies ResidenceView };

@Controller('api/residence')
export class ResidenceController {
  private readonly view: ResidenceView;

  constructor(@Inject(GATEWAY_CONFIG) { residence }: Pick<GatewayConfig, 'residence'>) {
    if (residence.mode === 'off') {
      this.view = residence;
    } else {
      const { mode, registrar, keys, files } = residence;
      this.view = { mode, registrar, keys: [...keys], files, verificationKeySha256: VERIFICATION_KEY_SHA256 };
    }
  }

  @Get()
  @RateLimit('api')
  @Operation({
    id: 'getResidence',
    tag: RESIDENCE,
    summary: 'Get how residence is proven',
    description:
      'Tells a client where the registrar’s static files are. A client should use only `files` from this answer. It takes mode, registrar, keys and verification key from the attested configuration of the enclave; here they are only for people to read.',
    answers: {
      '200': {
        description: 'The configuration of this gateway.',
        content: {
          'application/json': { schema: residenceViewSchema, examples: { required: OPEN, off: OFF } },
        },
        headers: { 'Cache-Control': 'May be cached for five minutes, also by shared caches.' },
      },
    },
  })
  @Header('cache-control', 'public, max-age=300')
  get(): ResidenceView {
    return this.view;
  }
}
