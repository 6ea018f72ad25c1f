import type { UnverifiedEnclave } from '@communique-tee/enclave-identity/browser';
import { toHex } from '@communique-tee/protocol';
import type { ComponentChildren } from 'preact';
import { grouped } from '../format';
import { text } from '../text/text';
import { Time } from '../ui/time';

/** Shows the content of the signed document, and what is not signed. */
export function SignedView({ content }: { readonly content: UnverifiedEnclave }) {
  const words = text.value.verify.signed;
  return (
    <>
      <h3>{words.inside}</h3>
      <dl class="facts small">
        {rowsOf(content).map(({ name, value, meaning }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{value}</code>
              {meaning !== undefined && <span class="meaning">{meaning}</span>}
            </dd>
          </div>
        ))}
      </dl>
      <h3>{words.outside}</h3>
      <ul class="plain">
        {Object.entries(words.outsideList).map(([key, line]) => (
          <li key={key}>{line}</li>
        ))}
      </ul>
    </>
  );
}

interface Row {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly meaning: string | undefined;
}

function rowsOf({ moduleId, timestampMs, nonce, pcrs, keys }: UnverifiedEnclave): Row[] {
  const words = text.value.verify.signed;
  const meanings: Readonly<Record<string, string>> = words.registers;
  const isZero = (value: Uint8Array): boolean => value.every((byte) => byte === 0);
  const zero = [...pcrs].filter(([, value]) => isZero(value)).map(([index]) => `PCR${String(index)}`);
  const row = (name: string, value: ComponentChildren, meaning?: string): Row => ({ name, value, meaning });
  return [
    row(words.module, moduleId, words.moduleMeaning),
    row(words.time, <Time ms={timestampMs} when />, words.timeMeaning),
    row(words.nonce, nonce === undefined ? words.none : grouped(toHex(nonce)), words.nonceMeaning),
    ...[...pcrs]
      .filter(([, value]) => !isZero(value))
      .map(([index, value]) => row(`PCR${String(index)}`, grouped(toHex(value)), meanings[`pcr${String(index)}`])),
    ...(zero.length === 0 ? [] : [row(words.zero, zero.join(', '), words.zeroMeaning)]),
    ...(keys === undefined
      ? []
      : [
          row(words.sealingKey, grouped(toHex(keys.publicKey)), words.sealingKeyMeaning),
          row(words.receiptKey, grouped(toHex(keys.receiptKey)), words.receiptKeyMeaning),
          row(words.custody, keys.custody, words.custodyMeaning),
          row(words.configuration, grouped(toHex(keys.configSha256)), words.configurationMeaning),
        ]),
  ];
}
