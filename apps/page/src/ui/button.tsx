import type { ComponentChildren } from 'preact';

export interface ButtonProps {
  /** `quiet` beside a main button; `text` within text. */
  readonly kind?: 'main' | 'quiet' | 'text';
  readonly type?: 'button' | 'submit';
  /** Shows that the action is running, and ignores clicks until it is done. */
  readonly busy?: boolean;
  /** Ignores clicks. The button can still have the focus, so that the reason (`describedBy`) is read. */
  readonly blocked?: boolean;
  /** Id of the reason or the explanation. */
  readonly describedBy?: string | undefined;
  /** A label for a button whose content does not name its purpose ("Edit"). */
  readonly label?: string | undefined;
  readonly onClick?: () => void;
  readonly children: ComponentChildren;
}

export function Button(props: ButtonProps) {
  const {
    kind = 'main',
    type = 'button',
    busy = false,
    blocked = false,
    describedBy,
    label,
    onClick,
    children,
  } = props;
  return (
    <button
      type={type}
      class={kind === 'main' ? undefined : kind}
      aria-busy={busy}
      aria-disabled={blocked}
      aria-describedby={describedBy}
      aria-label={label}
      onClick={(event) => {
        if (busy || blocked) event.preventDefault();
        else onClick?.();
      }}
    >
      {busy && <span class="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}
