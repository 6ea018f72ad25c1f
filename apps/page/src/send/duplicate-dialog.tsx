import type { DuplicateRisk } from '@communique-tee/client';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { chamberName } from '../text/chamber-name';
import { fill, locale, text } from '../text/text';
import { Button } from '../ui/button';
import type { Question } from './create-sending';

/** Asks before an office may get the message twice. The browser keeps the focus inside; Escape answers no. */
export function DuplicateDialog({ question }: { readonly question: Question }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    // The first button takes the focus: the answer that changes nothing
    dialog.current?.showModal();
  }, []);
  const { duplicate } = text.value.send;
  const { risk, answer } = question;
  return (
    <dialog
      ref={dialog}
      class="question"
      aria-labelledby="duplicate-title"
      aria-describedby="duplicate-text"
      onCancel={(event) => {
        event.preventDefault();
        answer(false);
      }}
    >
      <h2 id="duplicate-title">{duplicate.title}</h2>
      <p id="duplicate-text">{fill(duplicate[risk.when], { chambers: chamberNames(risk) })}</p>
      <div class="buttons">
        <Button
          onClick={() => {
            answer(false);
          }}
        >
          {duplicate.no[risk.when]}
        </Button>
        <Button
          kind="quiet"
          onClick={() => {
            answer(true);
          }}
        >
          {duplicate.yes[risk.when]}
        </Button>
      </div>
    </dialog>
  );
}

function chamberNames({ chambers }: DuplicateRisk): string {
  const names = chambers.map(chamberName);
  return new Intl.ListFormat(locale.value, { type: 'disjunction' }).format(names);
}
