import type { SendResult } from '@communique-tee/client';
import { grouped, instant, utc } from '../format';
import { text } from '../text/text';
import type { ReceiptFile } from './receipt-file';
import type { Way } from './way';
import { endTitle, officeWords } from './words';

interface RecordSheetProps {
  readonly result: SendResult;
  readonly way: Way;
  readonly receipt: ReceiptFile | undefined;
  readonly officeName: (code: string) => string;
}

/** The only part of the page that is printed. Paper does not show the reader's time zone, so each time is also in UTC. */
export function RecordSheet({ result, way, receipt, officeName }: RecordSheetProps) {
  const { send } = text.value;
  const { report, view } = result;
  const signedAtMs = report === null ? undefined : report.timeSeconds * 1000;
  return (
    <section class="record" aria-hidden="true">
      <h1>{send.record.title}</h1>
      {way.demo && (
        <p class="record-demo">
          <strong>{send.simulated}.</strong> {send.simulatedMeaning}
        </p>
      )}
      <p class="record-end">{endTitle(result, way, send)}</p>
      <ul>
        {(report?.offices ?? []).map((office) => (
          <li key={office.office}>
            <strong>{officeName(office.office)}</strong> ({office.office}): {officeWords(office, send)}
          </li>
        ))}
      </ul>
      <dl>
        <Row name={send.record.received} value={moment(Date.parse(view.acceptedAt))} />
        {signedAtMs !== undefined && <Row name={send.record.signed} value={moment(signedAtMs)} />}
        <Row name={send.details.id} value={result.id} />
        {receipt !== undefined && <Row name={send.record.receiptHash} value={grouped(receipt.sha256)} />}
        {report !== null && <Row name={send.details.image} value={grouped(report.pcr0)} />}
      </dl>
      {report === null ? (
        <p>{send.noReceipt}</p>
      ) : (
        <p>
          {way.demo ? send.provesDemo : send.proves} {send.provesNot}
        </p>
      )}
    </section>
  );
}

function Row({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function moment(ms: number): string {
  return `${instant(ms)} (${utc(ms)})`;
}
