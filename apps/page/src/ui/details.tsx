import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** More information, folded until the person opens it or `open` turns true. Only the person closes it. */
export function Details({
  summary,
  open = false,
  children,
}: {
  readonly summary: ComponentChildren;
  readonly open?: boolean;
  readonly children: ComponentChildren;
}) {
  const element = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (open && element.current !== null) element.current.open = true;
  }, [open]);
  return (
    <details ref={element}>
      <summary>{summary}</summary>
      <div class="details-content">{children}</div>
    </details>
  );
}
