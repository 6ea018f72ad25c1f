import { useEffect, useRef } from 'preact/hooks';
import { Card } from './card';

export interface SummaryItem {
  /** The id of the control that the link leads to; undefined if there is none. */
  readonly id: string | undefined;
  readonly text: string;
  /** Whether the problem is fixed by now. It is then shown as done, so that the list does not jump while the person types. */
  readonly done?: boolean;
}

/** Shows what has to be fixed, with a link to each field. It takes the focus, and is read out, each time that `attempt` changes. */
export function ErrorSummary({
  title,
  note,
  items,
  attempt,
}: {
  readonly title: string;
  readonly note?: string;
  readonly items: readonly SummaryItem[];
  readonly attempt: number;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
    heading.current?.scrollIntoView({ block: 'center' });
  }, [attempt]);
  return (
    <Card tone={items.every(({ done }) => done === true) ? 'good' : 'bad'} class="error-summary">
      <h3 ref={heading} tabindex={-1}>
        {title}
      </h3>
      {note !== undefined && <p>{note}</p>}
      <ul>
        {items.map(({ id, text, done = false }) => (
          <li key={`${id ?? ''} ${id === undefined ? text : ''}`}>
            {done || id === undefined ? (
              <span class={done ? 'done' : undefined}>{text}</span>
            ) : (
              <Link id={id} text={text} />
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Link({ id, text }: { readonly id: string; readonly text: string }) {
  return (
    <a
      href={`#${id}`}
      onClick={(event) => {
        // The address must keep its fragment, which names campaign and images
        event.preventDefault();
        const control = document.getElementById(id);
        control?.closest('details')?.setAttribute('open', '');
        control?.focus();
        control?.scrollIntoView({ block: 'center' });
      }}
    >
      {text}
    </a>
  );
}
