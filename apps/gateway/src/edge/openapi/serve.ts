import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { RegisteredRoutes } from '../../core/routing/registered-routes';
import { DOCS_PAGE_STYLE } from './docs-page-style';
import { documentedOperations, freshExamples, openApiDocument } from './document';

/** Allows only Swagger UI's own scripts, its inline styles and icons, and requests to this server. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/** Serves the pages at /docs and the document at /docs-json. */
export function serveOpenApi(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onSend', (request, reply, _payload, done) => {
      if (/^\/docs(\/|$|\?)/.test(request.url)) void reply.header('content-security-policy', PAGE_POLICY);
      done();
    });
  const routes = app.get(RegisteredRoutes);
  const current = () => openApiDocument(documentedOperations(routes), freshExamples());
  SwaggerModule.setup('docs', app, current, {
    jsonDocumentUrl: 'docs-json',
    raw: ['json'],
    customSiteTitle: 'communique-tee gateway',
    customCss: DOCS_PAGE_STYLE,
    swaggerOptions: { displayOperationId: true, defaultModelsExpandDepth: 0 },
    // The document is made for each request, because its example message expires
    patchDocumentOnRequest: current,
  });
}
