import { DISPATCHED_BEFORE_HEADER, INTERIM_RECEIPT_HEADER, encodeRelayAnswer } from '@communique-tee/protocol';
import { Body, Controller, Header, Headers, HttpCode, Post, StreamableFile } from '@nestjs/common';
import { ProblemError } from '../../runtime/problem-error';
import { readAttemptHeaders } from './earlier-attempts';
import { MessageService } from './message.service';

@Controller('messages')
export class MessagesController {
  constructor(private readonly messages: MessageService) {}

  /** A sealed message in its CBOR form; see libs/protocol relay/relay.ts. */
  @Post()
  @HttpCode(200)
  @Header('content-type', 'application/cbor')
  @Header('cache-control', 'no-store')
  async deliver(
    @Body() body: unknown,
    @Headers(DISPATCHED_BEFORE_HEADER) dispatchedBefore?: string,
    @Headers(INTERIM_RECEIPT_HEADER) interimReceipt?: string,
  ): Promise<StreamableFile> {
    if (!Buffer.isBuffer(body)) throw new ProblemError('unsupported_media_type');
    return new StreamableFile(
      encodeRelayAnswer(await this.messages.handle(body, readAttemptHeaders(dispatchedBefore, interimReceipt))),
    );
  }
}
