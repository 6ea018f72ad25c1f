import type { SealedMessage } from '@communique-tee/protocol';
import * as browser from '../browser';
import { exportOnlyHpke } from '../export-only';
import * as node from '../index';
import { noblePrimitives } from '../primitives/noble';
import { nodePrimitives } from '../primitives/node';
import type { Primitives } from '../primitives/primitives';
import { createSealing, type Sealing } from '../sealing';

/**
 * Both sets of primitives behind one interface, with keys as raw bytes. So a spec can run with each set, or seal with one set and open
 * with the other.
 */
export const IMPLEMENTATIONS = [
  bind('node:crypto', nodePrimitives, node.sealing),
  bind('noble', noblePrimitives, browser.sealing),
];

const olderNodePrimitives = { ...nodePrimitives, decapsulate: undefined };

/** The primitives of Node before 24.7. It has no `decapsulate`, so the key exchange uses X25519 and HMAC. */
export const OLDER_NODE = bind('an older Node', olderNodePrimitives, createSealing(olderNodePrimitives));

function bind<Key>(name: string, primitives: Primitives<Key>, sealing: Sealing<Key>) {
  return {
    name,
    receiver: (raw: Uint8Array, encapsulatedKey: Uint8Array, info: Uint8Array) =>
      exportOnlyHpke(primitives, info).setupReceiver(primitives.importPrivateKey(raw), encapsulatedKey),
    sender: (publicKey: Uint8Array, info: Uint8Array, ephemeral?: Uint8Array) =>
      exportOnlyHpke(primitives, info).setupSender(publicKey, ephemeral && primitives.importPrivateKey(ephemeral)),
    publicKeyOf: (raw: Uint8Array) => primitives.importPrivateKey(raw).publicKey,
    open: (raw: Uint8Array, message: SealedMessage) => sealing.open(sealing.importPrivateKey(raw), message),
    aeadSeal: primitives.aeadSeal,
    aeadOpen: primitives.aeadOpen,
    seal: sealing.seal,
    keyIdOf: sealing.keyIdOf,
    sealAnswer: sealing.sealAnswer,
    openAnswer: sealing.openAnswer,
    sealTask: sealing.sealTask,
    openTask: (raw: Uint8Array, message: SealedMessage) => sealing.openTask(sealing.importPrivateKey(raw), message),
    sealTaskAnswer: sealing.sealTaskAnswer,
    openTaskAnswer: sealing.openTaskAnswer,
  };
}

export type Implementation = (typeof IMPLEMENTATIONS)[number];
