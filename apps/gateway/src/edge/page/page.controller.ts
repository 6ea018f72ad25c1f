import { REFERENCE_STRING_NAME } from '@communique-tee/residence';
import { Controller, Get, Headers, Inject, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { ProblemError } from '../../core/problems/problem-error';
import { NotInApi, Operation } from '../../core/routing/route-policy';
import { type Conditions, sendRepresentation } from '../../core/routing/representation';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { PAGE_FACTS_EXAMPLE, type PageFacts, pageFactsSchema } from './page-facts';
import { wantsPage } from './wants-page';
import { PageFiles } from './page-files';
import { pagePolicy, PERMISSIONS_POLICY, WORKER_HEADERS } from './page-policy';

interface Asked extends Conditions {
  readonly accept?: string;
}

/** Serves the page for people (apps/page) and its settings. A client that asks for JSON at the page's addresses gets 404. */
@Controller()
export class PageController {
  /** One policy per document, because only the page on which people write a message makes proofs. */
  private readonly policies: { readonly proving: string; readonly other: string };

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'attestation' | 'page' | 'residence'>,
    private readonly files: PageFiles,
  ) {
    this.policies = { proving: pagePolicy(config, true), other: pagePolicy(config, false) };
  }

  @Get()
  @NotInApi()
  home(@Headers() asked: Asked, @Res() reply: FastifyReply): void {
    this.sendPage('index.html', asked, reply);
  }

  @Get('verify')
  @NotInApi()
  verify(@Headers() asked: Asked, @Res() reply: FastifyReply): void {
    this.sendPage('verify.html', asked, reply);
  }

  @Get('status')
  @NotInApi()
  status(@Headers() asked: Asked, @Res() reply: FastifyReply): void {
    this.sendPage('status.html', asked, reply);
  }

  /** Scripts, styles, the icon and the reference string. The bytes behind a name never change, so browsers may keep them. */
  @Get('page/:file')
  @NotInApi()
  file(@Param('file') name: string, @Headers() asked: Asked, @Res() reply: FastifyReply): void {
    if (name.endsWith('.html')) throw new ProblemError('not_found');
    void reply.header('cache-control', 'public, max-age=31536000, immutable');
    if (name.startsWith('proving-')) void reply.headers(WORKER_HEADERS);
    this.send(name, asked, reply);
  }

  @Get('api/page')
  @RateLimit('api')
  @Operation({
    id: 'getPageFacts',
    tag: { name: 'Page', description: 'What the gateway tells the page that it serves.' },
    summary: 'Get what the gateway tells its page',
    description:
      'The images and operators that this gateway accepts, and in development the root of its documents. The answer also says whether the page can prove residence, where people sign in, and where the operator publishes the command that checks the service. The answer is not signed: the gateway only claims these facts.',
    answers: {
      '200': {
        description: 'What the gateway claims.',
        content: { 'application/json': { schema: pageFactsSchema, examples: { production: PAGE_FACTS_EXAMPLE } } },
      },
    },
  })
  facts(): PageFacts {
    const { attestation, page } = this.config;
    return {
      acceptedMeasurements: attestation.acceptedMeasurements.map(({ pcr0, pcr3 = null }) => ({ pcr0, pcr3 })),
      developmentRoot: attestation.trustAnchorPem ?? null,
      provesResidence: this.files.get(REFERENCE_STRING_NAME) !== undefined,
      signIn: page.signIn ?? null,
      verifierUrl: page.verifierUrl ?? null,
    };
  }

  private sendPage(name: string, asked: Asked, reply: FastifyReply): void {
    if (!wantsPage(asked.accept)) throw new ProblemError('not_found');
    void reply.headers({
      'cache-control': 'no-cache',
      'content-security-policy': name === 'index.html' ? this.policies.proving : this.policies.other,
      'permissions-policy': PERMISSIONS_POLICY,
    });
    this.send(name, asked, reply);
  }

  private send(name: string, asked: Asked, reply: FastifyReply): void {
    const file = this.files.get(name);
    if (file === undefined) {
      void reply.header('cache-control', 'no-store');
      throw new ProblemError('not_found');
    }
    void reply.header('vary', 'Accept, Accept-Encoding');
    sendRepresentation(reply, file, asked);
  }
}
