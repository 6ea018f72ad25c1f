import { decodeKeyOffer } from '@communique-tee/protocol';
import { Body, Controller, Header, HttpCode, Post, StreamableFile } from '@nestjs/common';
import { ProblemError } from '../../runtime/problem-error';
import { KeyKeeper } from './key-keeper';

@Controller('keys')
export class KeysController {
  constructor(private readonly keeper: KeyKeeper) {}

  /** An offer of keys in its CBOR form, from the gateway; see libs/protocol keys/key-exchange.ts. */
  @Post()
  @HttpCode(200)
  @Header('content-type', 'application/cbor')
  @Header('cache-control', 'no-store')
  async exchange(@Body() body: unknown): Promise<StreamableFile> {
    if (!Buffer.isBuffer(body)) throw new ProblemError('unsupported_media_type');
    return new StreamableFile(await this.keeper.exchange(decodeKeyOffer(body)));
  }
}
