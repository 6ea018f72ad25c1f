import type { ComponentChildren } from 'preact';

/** More for those who want it: folded until the person opens it. */
export function Details({
  summary,
  open,
  children,
}: {
  readonly summary: ComponentChildren;
  readonly open?: boolean;
  readonly children: ComponentChildren;
}) {
  return (
    <details open={open}>
      <summary>{summary}</summary>
      <div class="details-content">{children}</div>
    </details>
  );
}
