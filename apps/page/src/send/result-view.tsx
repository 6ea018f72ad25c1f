import type { FieldProblem } from '@communique-tee/protocol';
import { useEffect, useMemo } from 'preact/hooks';
import { fill, text } from '../text/text';
import { Button } from '../ui/button';
import { CopyButton } from '../ui/copy-button';
import { RecordSheet } from './record-sheet';
import { receiptFileOf, type ReceiptFile } from './receipt-file';
import type { Sending } from './way';
import { endOf, isInterim, nextAfter, officeWords, backButtonText } from './words';

export interface ResultProps {
  readonly sending: Extract<Sending, { kind: 'ended' }>;
  readonly officeName: (code: string) => string;
  /** A sentence with the field's label. */
  readonly problemText: (problem: FieldProblem) => string;
  /** Leads to the form, where it shows these problems; undefined if the message is no longer in this page. */
  readonly onCorrect: ((problems: readonly FieldProblem[]) => void) | undefined;
  /** Empties the form. */
  readonly onAnother: () => void;
}

/** How the message ended: one row for each office, the receipt, and what to do next. */
export function ResultView({ sending, officeName, problemText, onCorrect, onAnother }: ResultProps) {
  const { send } = text.value;
  const { result, way } = sending;
  const { report } = result;
  const receipt = useMemo(() => (report === null ? undefined : receiptFileOf(result.id, report)), [result.id, report]);
  const end = endOf(result.status, report);
  const problems = report?.problems ?? [];
  const again = onCorrect === undefined ? undefined : backButtonText(end, result, way);
  return (
    <>
      {way.demo && (
        <p class="simulated">
          <strong>{send.simulated}.</strong> {send.simulatedMeaning}
        </p>
      )}
      <p>{way.demo && end === 'delivered' ? send.simulatedNext : nextAfter(end, result, way, send)}</p>
      {problems.length > 0 && (
        <>
          <h3>{send.toCorrect}</h3>
          <ul class="plain">
            {problems.map((problem) => (
              <li key={problem.pointer}>{problemText(problem)}</li>
            ))}
          </ul>
        </>
      )}
      {report === null ? <p class="note">{send.noReceipt}</p> : null}
      {isInterim(report) && <p class="note">{send.interimReceipt}</p>}
      {report !== null && (
        <>
          <h3 id="answers-title">{send.offices}</h3>
          <ul class="answers" aria-labelledby="answers-title">
            {report.offices.map((office) => (
              <li key={office.office} data-outcome={office.outcome}>
                <strong>{officeName(office.office)}</strong>
                <span>
                  {officeWords(office, send)}
                  {office.detail !== null && <span class="meaning"> {fill(send.said, { detail: office.detail })}</span>}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      <div class="buttons">
        {again !== undefined && (
          <Button
            onClick={() => {
              onCorrect?.(problems);
            }}
          >
            {send[again]}
          </Button>
        )}
        {receipt !== undefined && <SaveReceipt receipt={receipt} kind={again === undefined ? 'main' : 'quiet'} />}
        <Button
          kind="quiet"
          onClick={() => {
            print();
          }}
        >
          {send.print}
        </Button>
        <CopyButton value={result.id} label={send.copyId} />
        <Button kind="quiet" onClick={onAnother}>
          {send.another}
        </Button>
      </div>
      {report !== null && (
        <div class="proves">
          <h3>{send.provesTitle}</h3>
          <p>{way.demo ? send.provesDemo : send.proves}</p>
          <p>{send.provesNot}</p>
        </div>
      )}
      <RecordSheet result={result} way={way} receipt={receipt} officeName={officeName} />
    </>
  );
}

/** A link, so that the browser offers its own ways to save. */
function SaveReceipt({ receipt, kind }: { readonly receipt: ReceiptFile; readonly kind: 'main' | 'quiet' }) {
  const address = useMemo(() => URL.createObjectURL(new Blob([receipt.text], { type: 'application/json' })), [receipt]);
  useEffect(
    () => () => {
      URL.revokeObjectURL(address);
    },
    [address],
  );
  return (
    <a class={kind === 'main' ? 'button' : 'button quiet'} href={address} download={receipt.name}>
      {text.value.send.save}
    </a>
  );
}
