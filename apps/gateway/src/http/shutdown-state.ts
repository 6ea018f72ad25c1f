import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';

/** From the signal on, new requests are turned away while those that run are finished. */
@Injectable()
export class ShutdownState implements BeforeApplicationShutdown {
  begun = false;

  beforeApplicationShutdown(): void {
    this.begun = true;
  }
}
