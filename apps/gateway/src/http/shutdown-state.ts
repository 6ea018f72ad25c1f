import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** From the signal on, new requests are turned away while those that run are finished. Nest calls this hook before any other of its shutdown. */
@Injectable()
export class ShutdownState implements OnModuleDestroy {
  begun = false;

  onModuleDestroy(): void {
    this.begun = true;
  }
}
