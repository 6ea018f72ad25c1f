import { duration } from '../format';
import { healthStrips, lineChart } from './chart';
import type { History } from './history';

const list = (history: History, path: string) => history.lists[path] ?? history.at.map(() => null);
const dollars = (microUsd: number) => `$${(microUsd / 1e6).toFixed(microUsd > 0 && microUsd < 10_000 ? 4 : 2)}`;
const milliseconds = (ms: number) =>
  ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${String(Math.round(ms * 10) / 10)} ms`;
const seconds = (value: number) => (value < 60 ? `${String(Math.round(value))} s` : duration(value * 1000));
const count = (value: number) => String(Math.round(value));

/** What anybody may see. */
export function publicCharts(history: History): HTMLElement[] {
  return [
    healthStrips(
      history.at,
      Object.fromEntries(
        Object.entries(history.letters).map(([path, letters]) => [path.replace('indicators.', ''), letters]),
      ),
    ),
    lineChart({
      title: 'Since the gateway last verified an enclave',
      note: 'It looks every 15 seconds. After 60 it relays nothing. A gap: the last look verified nothing.',
      at: history.at,
      series: [{ name: 'age', values: list(history, 'attestationAgeSeconds'), style: 'a' }],
      format: seconds,
      atLeast: 60,
    }),
  ];
}

/** What takes the scope of administration. */
export function adminCharts(history: History): HTMLElement[] {
  const { at } = history;
  const budget = (window: 'hour' | 'day', title: string) =>
    lineChart({
      title,
      at,
      series: [
        { name: 'spent', values: list(history, `budget.${window}.spentMicroUsd`), style: 'a' },
        {
          name: 'spent and promised',
          values: sums(
            list(history, `budget.${window}.spentMicroUsd`),
            list(history, `budget.${window}.reservedMicroUsd`),
          ),
          style: 'b',
        },
        { name: 'cap', values: list(history, `budget.${window}.capMicroUsd`), style: 'cap' },
      ],
      format: dollars,
      atLeast: 10_000,
    });
  const latency = (name: string, title: string, note: string) =>
    lineChart({
      title,
      note,
      at,
      series: [
        { name: 'median', values: list(history, `latency.${name}.p50Ms`), style: 'a' },
        { name: '95th percentile', values: list(history, `latency.${name}.p95Ms`), style: 'b' },
      ],
      format: milliseconds,
      atLeast: 10,
    });
  return [
    lineChart({
      title: 'Queue',
      note: 'Messages that have not ended.',
      at,
      series: [{ name: 'messages', values: list(history, 'queue.waiting'), style: 'a' }],
      format: count,
      atLeast: 10,
    }),
    lineChart({
      title: 'Longest overdue',
      note: 'How long a due message has waited for a worker.',
      at,
      series: [{ name: 'overdue', values: list(history, 'queue.overdueSeconds'), style: 'a' }],
      format: seconds,
      atLeast: 10,
    }),
    budget('hour', 'Budget of the hour'),
    budget('day', 'Budget of the day'),
    latency(
      'accept',
      'Time to accept a message',
      'Answers to POST /api/messages, in the ten seconds before each point. Estimated from the histogram’s buckets.',
    ),
    latency('relay', 'Time in the enclave', 'From handing it a message to its signed answer.'),
    latency('delivery', 'Time of an attempt', 'From taking a message out of the queue to storing what came of it.'),
  ];
}

function sums(one: readonly (number | null)[], other: readonly (number | null)[]): (number | null)[] {
  return one.map((value, index) => {
    const more = other[index] ?? null;
    return value === null || more === null ? null : value + more;
  });
}
