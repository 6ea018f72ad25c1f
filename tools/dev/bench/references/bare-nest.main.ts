import 'reflect-metadata';
import { Controller, HttpCode, Module, Post, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';

// This server is only the framework, with one route that reads the body and answers 202. It prints where it listens.
@Controller('api/messages')
class BareController {
  @Post()
  @HttpCode(202)
  post(@Req() { body }: { body: FastifyRequest['body'] }): object {
    return { status: 'queued', bytes: body instanceof Uint8Array ? body.length : 0 };
  }
}

@Module({ controllers: [BareController] })
class BareModule {}

const app = await NestFactory.create<NestFastifyApplication>(BareModule, new FastifyAdapter({ logger: false }), {
  bodyParser: false,
  logger: ['error'],
});
app
  .getHttpAdapter()
  .getInstance()
  .addContentTypeParser('application/cbor', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
await app.listen(0, '127.0.0.1');
const address: unknown = app.getHttpServer().address();
process.stdout.write(
  `listening ${String(typeof address === 'object' && address !== null ? Reflect.get(address, 'port') : '')}\n`,
);
