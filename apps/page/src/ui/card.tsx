import type { ComponentChildren } from 'preact';

/** `good`: done. `open`: not known yet. `bad`: wrong, or not sent. `loud`: a lasting warning, such as that of a demo. */
export type Tone = 'plain' | 'good' | 'open' | 'bad' | 'loud';

/** A framed part of the page. Give it `label` or `labelledBy` to make it a region. */
export function Card({
  tone = 'plain',
  label,
  labelledBy,
  class: more = '',
  children,
}: {
  readonly tone?: Tone;
  readonly label?: string;
  readonly labelledBy?: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}) {
  const region = label === undefined && labelledBy === undefined ? undefined : 'region';
  return (
    <div class={`card ${more}`} data-tone={tone} role={region} aria-label={label} aria-labelledby={labelledBy}>
      {children}
    </div>
  );
}
