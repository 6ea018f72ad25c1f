import { useState } from 'preact/hooks';
import { text } from '../text/text';
import { Button } from './button';

const SHOWN_MS = 3000;

/** Copies a text to the clipboard, and says so. `what` completes the name for those who hear it: "Copy message id". */
export function CopyButton({ value, what }: { readonly value: string; readonly what: string }) {
  const [outcome, setOutcome] = useState<'copied' | 'copyFailed' | undefined>(undefined);
  const { common } = text.value;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setOutcome('copied');
      setTimeout(() => {
        setOutcome(undefined);
      }, SHOWN_MS);
    } catch {
      // Without permission, or over plain HTTP, the browser has no clipboard for a page
      setOutcome('copyFailed');
    }
  };
  return (
    <>
      <Button
        kind="quiet"
        label={`${common.copy}: ${what}`}
        onClick={() => {
          void copy();
        }}
      >
        {common.copy}
      </Button>
      <span role="status" class="note">
        {outcome !== undefined && common[outcome]}
      </span>
    </>
  );
}
