import { dollars } from '../amounts';
import { duration, quantity, wholeNumber } from '../format';
import { text } from '../text/text';
import { HealthStrips, LineChart } from './chart';
import type { History } from './history';

type List = readonly (number | null)[];
const list = (history: History, path: string): List => history.lists[path] ?? history.at.map(() => null);
const milliseconds = (ms: number): string =>
  ms >= 10_000 ? quantity(ms / 1000, 'second', 1) : quantity(ms, 'millisecond', 1);
const seconds = (value: number): string => (value < 60 ? quantity(value, 'second') : duration(value * 1000));

/** The public charts. */
export function PublicCharts({ history }: { readonly history: History }) {
  const words = text.value.status;
  const letters = Object.entries(history.letters).map(([path, states]) => [path.replace('indicators.', ''), states]);
  return (
    <>
      <HealthStrips at={history.at} letters={Object.fromEntries(letters) as Record<string, string>} />
      <LineChart
        title={words.age.title}
        note={words.age.note}
        at={history.at}
        series={[{ name: words.age.name, values: list(history, 'attestationAgeSeconds'), style: 'a' }]}
        format={seconds}
        atLeast={60}
      />
    </>
  );
}

/** The charts that need the scope of administration. */
export function AdminCharts({ history }: { readonly history: History }) {
  const { at } = history;
  const { queue, overdue, budget, latency } = text.value.status;
  return (
    <>
      <LineChart
        title={queue.title}
        note={queue.note}
        at={at}
        series={[{ name: queue.name, values: list(history, 'queue.waiting'), style: 'a' }]}
        format={wholeNumber}
        atLeast={10}
      />
      <LineChart
        title={overdue.title}
        note={overdue.note}
        at={at}
        series={[{ name: overdue.name, values: list(history, 'queue.overdueSeconds'), style: 'a' }]}
        format={seconds}
        atLeast={10}
      />
      {(['hour', 'day'] as const).map((window) => {
        const spent = list(history, `budget.${window}.spentMicroUsd`);
        const reserved = list(history, `budget.${window}.reservedMicroUsd`);
        return (
          <LineChart
            key={window}
            title={budget[window]}
            at={at}
            series={[
              { name: budget.spent, values: spent, style: 'a' },
              { name: budget.promised, values: sums(spent, reserved), style: 'b' },
              { name: budget.cap, values: list(history, `budget.${window}.capMicroUsd`), style: 'cap' },
            ]}
            format={dollars}
            atLeast={10_000}
          />
        );
      })}
      {(['accept', 'relay', 'delivery'] as const).map((name) => (
        <LineChart
          key={name}
          title={latency[name].title}
          note={latency[name].note}
          at={at}
          series={[
            { name: latency.median, values: list(history, `latency.${name}.p50Ms`), style: 'a' },
            { name: latency.p95, values: list(history, `latency.${name}.p95Ms`), style: 'b' },
          ]}
          format={milliseconds}
          atLeast={10}
        />
      ))}
    </>
  );
}

function sums(one: List, another: List): List {
  return one.map((value, index) => {
    const more = another[index] ?? null;
    return value === null || more === null ? null : value + more;
  });
}
