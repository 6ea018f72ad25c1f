import { useState } from 'preact/hooks';
import { text } from '../text/text';
import { Button } from './button';

const SHOWN_MS = 3000;

type Shown =
  /** Completes the button's name for screen readers: "Copy: Message ID". */
  | { readonly what: string; readonly label?: undefined }
  /** The whole text of a button that is not beside the value; if copying fails, the value is shown. */
  | { readonly label: string; readonly what?: undefined };

/** Copies a text to the clipboard, and confirms it. */
export function CopyButton({ value, what, label }: { readonly value: string } & Shown) {
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
        label={what === undefined ? undefined : `${common.copy}: ${what}`}
        onClick={() => {
          void copy();
        }}
      >
        {label ?? common.copy}
      </Button>
      <span role="status" class="note copied">
        {outcome !== undefined && common[outcome]}
        {outcome === 'copyFailed' && label !== undefined && <code>{value}</code>}
      </span>
    </>
  );
}
