// Loaded when a developer asks to seal without sending.
import { createDeliverySecret, prepareMessage, type EnclaveKey, type Message } from '@communique-tee/client';
import {
  congressMessageSchema,
  decodeSealedMessage,
  encodeCongressMessage,
  messageIdToText,
  toHex,
} from '@communique-tee/protocol';
import { Fragment, type JSX } from 'preact';
import { grouped, hexDump, instant } from '../format';
import { fill, text } from '../text/text';

export interface SealedMessage {
  readonly View: () => JSX.Element;
}

/** Seals a message that the form's check has accepted, as `send` of the client library does, without sending it. */
export function seal(message: Message, key: EnclaveKey): SealedMessage {
  const plain = congressMessageSchema.parse({
    ...message,
    version: 1,
    deliverySecret: createDeliverySecret(),
    proof: null,
  });
  const { sealed } = prepareMessage(plain, key);
  const plainBytes = encodeCongressMessage(plain).length;
  return { View: () => <SealedView message={message} plainBytes={plainBytes} sealed={sealed} /> };
}

interface Sealed {
  readonly message: unknown;
  readonly plainBytes: number;
  readonly sealed: Uint8Array;
}

/** Shows what stays in this page beside what would leave it. */
function SealedView({ message, plainBytes, sealed }: Sealed) {
  const { developers } = text.value.write;
  const { names, meanings } = developers;
  const { suite, keyId, messageId, expiresAtSeconds, nullifier, encapsulatedKey, nonce, ciphertext } =
    decodeSealedMessage(sealed);
  const rows = [
    [names.suite, suite, ''],
    [names.keyId, toHex(keyId), meanings.keyId],
    [names.messageId, messageIdToText(messageId), meanings.messageId],
    [names.expires, instant(expiresAtSeconds * 1000), meanings.expires],
    [names.nullifier, nullifier === null ? developers.none : toHex(nullifier), meanings.nullifier],
    [names.encapsulatedKey, grouped(toHex(encapsulatedKey)), meanings.encapsulatedKey],
    [names.nonce, grouped(toHex(nonce)), meanings.nonce],
    [names.ciphertext, fill(text.value.common.bytes, { count: ciphertext.length }), meanings.ciphertext],
  ] as const;
  return (
    <div class="sides">
      <section aria-labelledby="stays">
        <h4 id="stays">{developers.stays}</h4>
        <p class="hint">{fill(developers.plainBytes, { count: plainBytes })}</p>
        <pre class="dump" tabindex={0} role="group" aria-label={developers.plainText}>
          {JSON.stringify(message, null, 2)}
        </pre>
      </section>
      <section aria-labelledby="leaves">
        <h4 id="leaves">{developers.leaves}</h4>
        <p class="hint">{fill(developers.sealedBytes, { count: sealed.length })}</p>
        <dl class="facts small">
          {rows.map(([name, value, meaning]) => (
            <Fragment key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{value}</code>
                {meaning !== '' && <span class="meaning">{meaning}</span>}
              </dd>
            </Fragment>
          ))}
        </dl>
        <pre class="dump hex" tabindex={0} role="group" aria-label={developers.hex}>
          {hexDump(sealed)}
        </pre>
      </section>
    </div>
  );
}
