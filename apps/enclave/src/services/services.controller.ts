import { Body, Controller, Header, Headers, HttpCode, Inject, Post, Res, type Type } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ProblemError } from '../runtime/problem-error';
import { OPEN_SERVICES } from '../runtime/tokens';
import type { OpenServices } from './registry';

/** Returns a controller of `POST /<path>` for each service, also for services that are switched off. */
export function serviceControllers(paths: readonly string[]): Type[] {
  return paths.map((path) => {
    @Controller(path)
    class ServiceController {
      constructor(@Inject(OPEN_SERVICES) private readonly services: OpenServices) {}

      @Post()
      @HttpCode(200)
      @Header('content-type', 'application/cbor')
      @Header('cache-control', 'no-store')
      async handle(
        @Body() body: unknown,
        @Headers() headers: Readonly<Record<string, string | string[] | undefined>>,
        @Res({ passthrough: true }) reply: FastifyReply,
      ): Promise<Buffer> {
        const service = this.services.get(path);
        if (!service) throw new ProblemError('service_off');
        if (!Buffer.isBuffer(body)) throw new ProblemError('unsupported_media_type');
        const header = (name: string): string | undefined => {
          const value = headers[name];
          return Array.isArray(value) ? value.join(', ') : value;
        };
        const { buffer, byteOffset, byteLength } = await service(body, header, closed(reply));
        // Fastify writes a Buffer at once, and a StreamableFile as a stream
        return Buffer.from(buffer, byteOffset, byteLength);
      }
    }
    return ServiceController;
  });
}

/** Returns a signal that aborts if the connection closes before the answer is written. */
function closed({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
