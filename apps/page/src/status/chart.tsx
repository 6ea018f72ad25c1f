import type { ComponentChildren } from 'preact';
import { clock } from '../format';
import { knownText } from '../text/known-text';
import { fill, locale, text } from '../text/text';
import { Details } from '../ui/details';
import { Time } from '../ui/time';
import { HEIGHT, pathOf, runs, tenth, WIDTH } from './chart-path';

const TABLE_ROWS = 12;

export interface Series {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** `a`: a solid line; `b`: a dashed line; `cap`: a limit. */
  readonly style: 'a' | 'b' | 'cap';
}

export interface Chart {
  readonly title: string;
  readonly note?: string;
  /** Unix seconds, ascending. */
  readonly at: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** The top of the scale, if all values are below it. */
  readonly atLeast: number;
}

/** Shows the top of the scale above the lines, the first and last time below them, and a table of at most 12 samples. */
export function LineChart({ title, note, at, series, format, atLeast }: Chart) {
  const words = text.value.status;
  const known = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);
  const top = Math.max(atLeast, ...series.flatMap(({ values }) => known(values)));
  const valueOf = (value: number | null): string => (value === null ? words.unknown : format(value));
  const latest = series.map(({ name, values }) => `${name}: ${valueOf(values.at(-1) ?? null)}`).join(', ');
  const highest = series
    .filter(({ style }) => style !== 'cap')
    .map(({ name, values }) => fill(words.atMost, { name, value: format(Math.max(0, ...known(values))) }))
    .join(', ');
  return (
    <Figure title={title} now={latest} note={note}>
      <p class="scale" aria-hidden="true">
        {format(top)}
      </p>
      <svg
        viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={fill(words.chartLabel, { title, latest, highest })}
        class="chart"
      >
        {[0.25, 0.5, 0.75].map((part) => (
          <line key={part} x1={0} x2={WIDTH} y1={HEIGHT * part} y2={HEIGHT * part} class="grid" />
        ))}
        {series.map(({ name, values, style }) => (
          <path key={name} d={pathOf(at, values, top)} class={`line ${style}`} />
        ))}
      </svg>
      <Times at={at} />
      <p class="legend">
        {series.map(({ name, style }) => (
          <span key={name} class={`key ${style}`}>
            {name}
          </span>
        ))}
      </p>
      <Numbers
        title={title}
        at={at}
        columns={series.map(({ name, values }) => ({ name, textAt: (index) => valueOf(values[index] ?? null) }))}
      />
    </Figure>
  );
}

type StateName = 'up' | 'degraded' | 'down' | 'unused';
const STATES: Readonly<Record<string, { readonly name: StateName; readonly height: number }>> = {
  u: { name: 'up', height: 4 },
  g: { name: 'degraded', height: 12 },
  d: { name: 'down', height: 20 },
  n: { name: 'unused', height: 1 },
};

/** Shows a strip for each part of the system: the worse its state, the higher the strip. */
export function HealthStrips({
  at,
  letters,
}: {
  readonly at: readonly number[];
  readonly letters: Readonly<Record<string, string>>;
}) {
  const words = text.value.status;
  const names = Object.keys(letters);
  const stateOf = (letter: string): string => words.states[STATES[letter]?.name ?? 'unknown'];
  return (
    <Figure title={words.parts} now="" note={words.partsNote}>
      <div class="strips">
        {names.map((name) => {
          const states = letters[name] ?? '';
          const last = states.at(-1) ?? '';
          const bad = [...states].filter((letter) => letter === 'd' || letter === 'g').length;
          const lately = bad === 0 ? words.upAllTheTime : fill(words.notUp, { part: percent(bad / states.length) });
          return (
            <div key={name} class="strip">
              <span class="strip-name">{partName(name)}</span>
              <span class={`strip-now ${STATES[last]?.name ?? 'unknown'}`}>{stateOf(last)}</span>
              <svg
                viewBox={`0 0 ${String(WIDTH)} 20`}
                preserveAspectRatio="none"
                role="img"
                aria-label={`${partName(name)}: ${last === 'n' ? stateOf(last) : `${stateOf(last)}, ${lately}`}`}
                class="chart strip-chart"
              >
                {runs(at, states).map(({ from, to, letter }) => {
                  const state = STATES[letter];
                  return state === undefined ? null : (
                    <rect
                      key={from}
                      x={tenth(from)}
                      y={20 - state.height}
                      width={tenth(to - from)}
                      height={state.height}
                      class={`bar ${state.name}`}
                    />
                  );
                })}
              </svg>
            </div>
          );
        })}
      </div>
      <Times at={at} />
      <Numbers
        title={words.parts}
        at={at}
        columns={names.map((name) => ({
          name: partName(name),
          textAt: (index) => stateOf((letters[name] ?? '').charAt(index)),
        }))}
      />
    </Figure>
  );
}

/** Returns the translated name, or else the gateway's name. */
export function partName(name: string): string {
  return knownText(text.value.status.partNames, name) ?? name;
}

function Figure({
  title,
  now,
  note,
  children,
}: {
  readonly title: string;
  readonly now: string;
  readonly note: string | undefined;
  readonly children: ComponentChildren;
}) {
  return (
    <figure>
      <figcaption>
        <span class="chart-title">{title}</span>
        {now !== '' && <span class="chart-now">{now}</span>}
      </figcaption>
      {note !== undefined && <p class="hint">{note}</p>}
      {children}
    </figure>
  );
}

function Times({ at }: { readonly at: readonly number[] }) {
  const [first, end] = [at[0], at.at(-1)];
  if (first === undefined || end === undefined) return null;
  return (
    <p class="times">
      <Time ms={first * 1000} />
      {end > first && <Time ms={end * 1000} />}
    </p>
  );
}

interface Column {
  readonly name: string;
  readonly textAt: (index: number) => string;
}

function Numbers({
  title,
  at,
  columns,
}: {
  readonly title: string;
  readonly at: readonly number[];
  readonly columns: readonly Column[];
}) {
  const words = text.value.status;
  const step = Math.max(1, Math.ceil(at.length / TABLE_ROWS));
  const rows = at
    .map((_, index) => index)
    .filter((index) => (at.length - 1 - index) % step === 0)
    .reverse();
  return (
    <Details summary={words.numbers}>
      <div class="scroll" tabindex={0} role="group" aria-label={`${title}: ${words.numbers}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">{words.time}</th>
              {columns.map(({ name }) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((index) => (
              <tr key={at[index]}>
                <th scope="row">{clock((at[index] ?? 0) * 1000)}</th>
                {columns.map(({ name, textAt }) => (
                  <td key={name}>{textAt(index)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Details>
  );
}

/** Less than one percent is not rounded to zero. @param part a fraction of 1 */
function percent(part: number): string {
  const form = new Intl.NumberFormat(locale.value, { style: 'percent' });
  return part > 0 && part < 0.01 ? `< ${form.format(0.01)}` : form.format(part);
}
