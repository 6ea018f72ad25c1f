import { fromBase64Url, toHex } from '@communique-tee/protocol';
import { grouped } from '../format';
import { text } from '../text/text';
import { Card } from '../ui/card';
import { CopyButton } from '../ui/copy-button';
import { Time } from '../ui/time';
import type { ReceiptVerdict } from './read-file';
import { receiptFailure } from './receipt-failure';

/** A receipt from a file: the verdict, its claims, and what it proves. */
export function ReceiptView({ verdict }: { readonly verdict: ReceiptVerdict }) {
  const words = text.value.verify.receipt;
  if (verdict.kind === 'bad')
    return (
      <Card tone="bad">
        <h3>{words.bad}</h3>
        <p>{receiptFailure(verdict.error)}</p>
        <p class="note">
          {text.value.common.details}: <code>{verdict.error.code}</code>
        </p>
      </Card>
    );
  const { claims, enclave } = verdict.verified;
  return (
    <Card tone={verdict.demo ? 'loud' : 'good'}>
      <h3>{verdict.demo ? words.demo : words.good}</h3>
      <dl class="facts small">
        <div>
          <dt>{words.time}</dt>
          <dd>
            <Time ms={claims.time * 1000} when />
          </dd>
        </div>
        <div>
          <dt>{words.message}</dt>
          <dd>
            <code>{claims.message_id}</code> <CopyButton value={claims.message_id} what={words.message} />
          </dd>
        </div>
        <div>
          <dt>{words.sealed}</dt>
          <dd>
            <code>{grouped(toHex(fromBase64Url(claims.sealed_sha256)))}</code>
            <span class="meaning">{words.sealedMeaning}</span>
          </dd>
        </div>
        <div>
          <dt>{words.image}</dt>
          <dd>
            <code>{grouped(claims.pcr0)}</code>
          </dd>
        </div>
        <div>
          <dt>{words.operator}</dt>
          <dd>
            <code>{grouped(enclave.attestation.pcr3 ?? text.value.verify.facts.noOperator)}</code>
          </dd>
        </div>
      </dl>
      <h4>{words.offices}</h4>
      <ol class="receipt-offices">
        {claims.offices.map(({ commitment, outcome }) => (
          <li key={commitment}>
            {words.outcomes[outcome]}
            <code class="meaning">{commitment}</code>
          </li>
        ))}
      </ol>
      <p>{words.hidden}</p>
      <p>{verdict.demo ? words.provesDemo : words.proves}</p>
      <p>{words.provesNot}</p>
      <p>{words.compareId}</p>
    </Card>
  );
}
