import type { SendState } from '@communique-tee/client';
import { decodeEnvelope, toHex } from '@communique-tee/protocol';
import { sha256 } from '@noble/hashes/sha2.js';
import { useState } from 'preact/hooks';
import { grouped, hexDump } from '../format';
import { fill, text } from '../text/text';
import { Details } from '../ui/details';
import { Time } from '../ui/time';
import type { Sending, Way } from './way';

/** Everything technical, folded. */
export function DetailsView({ sending }: { readonly sending: Exclude<Sending, { kind: 'idle' }> }) {
  const { common, send } = text.value;
  const { way } = sending;
  return (
    <Details summary={common.details}>
      <dl class="facts small">
        {rowsOf(sending).map(([name, value]) => (
          <div key={name}>
            <dt>{send.details[name]}</dt>
            <dd>
              <code class="lines">{value}</code>
            </dd>
          </div>
        ))}
      </dl>
      <h3>{send.details.states}</h3>
      {way.states > way.log.length && (
        <p class="note">{fill(send.details.dropped, { count: way.states - way.log.length })}</p>
      )}
      <ol class="states">
        {way.log.map(({ atMs, state }, at) => (
          <li key={way.states - way.log.length + at}>
            <Time ms={atMs} /> <code>{stateText(state)}</code>
          </li>
        ))}
      </ol>
      {way.sealed !== undefined && <Bytes sealed={way.sealed} />}
    </Details>
  );
}

function Bytes({ sealed }: { readonly sealed: Uint8Array }) {
  const { send } = text.value;
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
      }}
    >
      <summary>{send.details.bytesShown}</summary>
      {isOpen && (
        <pre class="dump hex" tabindex={0} role="group" aria-label={send.details.bytesShown}>
          {hexDump(sealed)}
        </pre>
      )}
    </details>
  );
}

type Row = readonly [
  name: Exclude<keyof typeof text.value.send.details, 'states' | 'dropped' | 'bytesShown'>,
  value: string,
];

function rowsOf(sending: Exclude<Sending, { kind: 'idle' }>): readonly Row[] {
  const { way } = sending;
  const failure = sending.kind === 'failed' ? sending.failure : undefined;
  const error = [failure?.code, failure?.status, failure?.problem, failure?.reason].filter(
    (part) => part !== undefined,
  );
  const deliveries = (way.report?.offices ?? []).flatMap(({ office, outcome, deliveryId, reason }) => [
    [office, outcome, reason, deliveryId].filter((part) => part !== null).join(' '),
  ]);
  return [
    ['id', way.id ?? ''],
    ['code', error.join(', ')],
    ['reason', way.view?.reason ?? ''],
    ['posts', way.posts === 0 ? '' : String(way.posts)],
    ['attempts', way.view === undefined ? '' : String(way.view.attempts)],
    ['image', grouped(way.key?.attestation.pcr0 ?? way.report?.pcr0 ?? '')],
    ['operator', grouped(way.key?.attestation.pcr3 ?? '')],
    ['keyId', sealedKeyId(way)],
    ['custody', way.key?.custody ?? way.report?.custody ?? ''],
    ['sealedSize', way.sealed === undefined ? '' : fill(text.value.common.bytes, { count: way.sealed.length })],
    ['sealedHash', way.sealed === undefined ? '' : grouped(toHex(sha256(way.sealed)))],
    ['deliveryIds', deliveries.join('\n')],
  ].filter((row): row is [Row[0], string] => row[1] !== '');
}

function sealedKeyId({ key, sealed }: Way): string {
  if (sealed !== undefined) return toHex(decodeEnvelope(sealed).sealed.keyId);
  return key === undefined ? '' : toHex(key.keyId);
}

/** The client library's own words, which docs and logs use too; they are not translated. */
function stateText(state: SendState): string {
  switch (state.step) {
    case 'posting':
      return `posting ${String(state.attempt)}`;
    case 'waiting':
      return `waiting ${state.during} ${String(state.waitMs)} ms ${state.because}`;
    case 'accepted':
    case 'status':
      return [state.step, state.view.status, state.view.attempts, state.view.reason]
        .concat(state.step === 'status' && state.report !== null ? 'receipt_verified' : [])
        .filter((part) => part !== null)
        .join(' ');
    case 'ended':
      return `ended ${state.result.status}`;
    default:
      return state.step;
  }
}
