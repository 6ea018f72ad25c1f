import { el, svg } from '../elements';
import { clock } from '../format';

const WIDTH = 1000;
const HEIGHT = 120;
const TABLE_ROWS = 12;
/** Two samples further apart than this belong to two runs of the gateway, or nobody looked between. */
const MAX_GAP_SECONDS = 35;

export interface Series {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** `a`, `b`: drawn as a line, the second dashed; `cap`: a limit. */
  readonly style: 'a' | 'b' | 'cap';
}

export interface Chart {
  readonly title: string;
  readonly note?: string;
  readonly at: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** The top of the scale where the values stay below it. */
  readonly atLeast: number;
}

/** A figure: the lines, the scale in words around them, and the same as a table. */
export function lineChart({ title, note, at, series, format, atLeast }: Chart): HTMLElement {
  const top = Math.max(atLeast, ...series.flatMap(({ values }) => values.filter((value) => value !== null)));
  const latest = series
    .map(({ name, values }) => `${name} ${last(values) === null ? 'unknown' : format(last(values) ?? 0)}`)
    .join(', ');
  const highest = series
    .filter(({ style }) => style !== 'cap')
    .map(({ name, values }) => `${name} at most ${format(Math.max(0, ...values.filter((value) => value !== null)))}`)
    .join(', ');
  return figure(
    title,
    latest,
    note,
    svg(
      'svg',
      {
        viewBox: `0 0 ${String(WIDTH)} ${String(HEIGHT)}`,
        preserveAspectRatio: 'none',
        role: 'img',
        'aria-label': `${title}. Now: ${latest}. In this time: ${highest}.`,
        class: 'chart',
      },
      ...[0.25, 0.5, 0.75].map((part) =>
        svg('line', { x1: 0, x2: WIDTH, y1: HEIGHT * part, y2: HEIGHT * part, class: 'grid' }),
      ),
      ...series.map(({ values, style }) => svg('path', { d: pathOf(at, values, top), class: `line ${style}` })),
    ),
    format(top),
    at,
    el('p', { class: 'legend' }, ...series.map(({ name, style }) => el('span', { class: `key ${style}` }, name))),
    table(
      title,
      at,
      series.map(({ name, values }) => ({ name, textOf: (index: number) => textOf(values[index] ?? null, format) })),
    ),
  );
}

const STATES: Readonly<Record<string, { readonly word: string; readonly height: number }>> = {
  u: { word: 'up', height: 0.2 },
  g: { word: 'degraded', height: 0.6 },
  d: { word: 'down', height: 1 },
};

/** A strip for each indicator: low while it is up, half high where it is degraded, high while it is down. */
export function healthStrips(at: readonly number[], letters: Readonly<Record<string, string>>): HTMLElement {
  const names = Object.keys(letters);
  const strips = names.map((name) => {
    const states = letters[name] ?? '';
    const now = STATES[states.at(-1) ?? '']?.word ?? 'unknown';
    const bad = [...states].filter((letter) => letter === 'd' || letter === 'g').length;
    const said = `${now}, ${bad === 0 ? 'up all the time' : `${percent(bad / states.length)} of the time not up`}`;
    return el(
      'div',
      { class: 'strip' },
      el('span', { class: 'strip-name' }, name),
      svg(
        'svg',
        {
          viewBox: `0 0 ${String(WIDTH)} 20`,
          preserveAspectRatio: 'none',
          role: 'img',
          'aria-label': `${name}: ${said}`,
          class: 'chart strip-chart',
        },
        ...runs(at, states).map(({ from, to, letter }) => bar(from, to, letter)),
      ),
      el('span', { class: `strip-now ${now}` }, now),
    );
  });
  return figure(
    'Part by part',
    '',
    'A low bar: up. Half: degraded. Full: down.',
    el('div', { class: 'strips' }, ...strips),
    '',
    at,
    null,
    table(
      'Part by part',
      at,
      names.map((name) => ({
        name,
        textOf: (index: number) => STATES[(letters[name] ?? '').charAt(index)]?.word ?? 'unknown',
      })),
    ),
  );
}

function figure(
  title: string,
  now: string,
  note: string | undefined,
  picture: Element,
  top: string,
  at: readonly number[],
  legend: HTMLElement | null,
  numbers: HTMLElement,
): HTMLElement {
  const [first, end] = [at[0], at.at(-1)];
  return el(
    'figure',
    { class: legend === null ? 'strips-figure' : undefined },
    el(
      'figcaption',
      {},
      el('span', { class: 'chart-title' }, title),
      now !== '' && el('span', { class: 'chart-now' }, now),
    ),
    note !== undefined && el('p', { class: 'hint' }, note),
    top !== '' && el('p', { class: 'scale', 'aria-hidden': 'true' }, top),
    picture,
    el(
      'p',
      { class: 'times', 'aria-hidden': 'true' },
      el('span', {}, first === undefined ? '' : clock(first * 1000)),
      el('span', {}, end === undefined ? '' : `${clock(end * 1000)} UTC`),
    ),
    legend,
    el('details', {}, el('summary', {}, 'Numbers'), numbers),
  );
}

/** A line with a gap where nothing is known, or nobody looked. */
export function pathOf(at: readonly number[], values: readonly (number | null)[], top: number): string {
  const [first = 0, end = 0] = [at[0], at.at(-1)];
  const span = Math.max(1, end - first);
  let path = '';
  let previous: number | undefined;
  for (const [index, moment] of at.entries()) {
    const value = values[index] ?? null;
    if (value === null) {
      previous = undefined;
      continue;
    }
    const x = tenth(((moment - first) / span) * WIDTH);
    const y = tenth(HEIGHT - (value / top) * (HEIGHT - 4) - 2);
    const draws = previous !== undefined && moment - previous <= MAX_GAP_SECONDS;
    // A lone sample is drawn too: a line of no length with a round end
    path += draws ? `L${String(x)} ${String(y)}` : `M${String(x)} ${String(y)}h0.1`;
    previous = moment;
  }
  return path;
}

interface Run {
  readonly from: number;
  readonly to: number;
  readonly letter: string;
}

/** Neighbours of one state together. */
export function runs(at: readonly number[], states: string): Run[] {
  const [first = 0, end = 0] = [at[0], at.at(-1)];
  const step = WIDTH / Math.max(1, end - first + 10);
  const found: Run[] = [];
  for (const [index, moment] of at.entries()) {
    const letter = states.charAt(index);
    const next = at[index + 1] ?? moment + 10;
    const from = (moment - first) * step;
    const to = (Math.min(next, moment + MAX_GAP_SECONDS) - first) * step;
    const before = found.at(-1);
    if (before?.letter === letter && from - before.to < 0.01) found[found.length - 1] = { ...before, to };
    else found.push({ from, to, letter });
  }
  return found;
}

function bar(from: number, to: number, letter: string): SVGRectElement | null {
  const state = STATES[letter];
  if (state === undefined) return null;
  const height = 20 * state.height;
  return svg('rect', {
    x: tenth(from),
    y: tenth(20 - height),
    width: tenth(to - from),
    height: tenth(height),
    class: `bar ${state.word}`,
  });
}

function table(
  title: string,
  at: readonly number[],
  columns: readonly { readonly name: string; readonly textOf: (index: number) => string }[],
): HTMLElement {
  const step = Math.max(1, Math.ceil(at.length / TABLE_ROWS));
  const rows = at
    .map((_, index) => index)
    .filter((index) => (at.length - 1 - index) % step === 0)
    .reverse();
  return el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': `${title}: numbers` },
    el(
      'table',
      {},
      el(
        'thead',
        {},
        el('tr', {}, el('th', { scope: 'col' }, 'UTC'), ...columns.map(({ name }) => el('th', { scope: 'col' }, name))),
      ),
      el(
        'tbody',
        {},
        ...rows.map((index) =>
          el(
            'tr',
            {},
            el('th', { scope: 'row' }, clock((at[index] ?? 0) * 1000)),
            ...columns.map(({ textOf }) => el('td', {}, textOf(index))),
          ),
        ),
      ),
    ),
  );
}

function textOf(value: number | null, format: (value: number) => string): string {
  return value === null ? 'none' : format(value);
}

function last(values: readonly (number | null)[]): number | null {
  return values.at(-1) ?? null;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

function percent(part: number): string {
  return part < 0.01 ? 'less than 1 %' : `${String(Math.round(part * 100))} %`;
}
