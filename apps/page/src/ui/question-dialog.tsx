import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from './button';

export interface QuestionDialogProps {
  readonly title: string;
  /** The label of the button that cancels. This button gets the focus. Escape also cancels. */
  readonly no: string;
  readonly yes: string;
  readonly onAnswer: (yes: boolean) => void;
  readonly children: ComponentChildren;
}

/** Asks before a step that cannot be undone. The browser keeps the focus inside. */
export function QuestionDialog({ title, no, yes, onAnswer, children }: QuestionDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    // The first button takes the focus
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="question"
      aria-labelledby="question-title"
      aria-describedby="question-text"
      onCancel={(event) => {
        event.preventDefault();
        onAnswer(false);
      }}
    >
      <h2 id="question-title">{title}</h2>
      <div id="question-text">{children}</div>
      <div class="buttons">
        <Button
          onClick={() => {
            onAnswer(false);
          }}
        >
          {no}
        </Button>
        <Button
          kind="quiet"
          onClick={() => {
            onAnswer(true);
          }}
        >
          {yes}
        </Button>
      </div>
    </dialog>
  );
}
