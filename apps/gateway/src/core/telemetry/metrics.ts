import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** A scrape waits at most this long for a reading. A slower reading ends by its own time-out. */
const READING_TIMEOUT_MS = 3000;

/** The buckets of a histogram of work that takes from milliseconds to minutes: upper bounds in seconds. */
export const DELIVERY_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** The value of a label for anything that the label's list does not have, so that clients cannot create series. */
export const OTHER = 'other';

/**
 * The registry of this process's series. Each feature registers its own. A label's values are few, such as route templates or codes. They
 * are never paths, ids of messages or users, or texts from outside.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  counter<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  /**
   * Registers a counter whose count is kept elsewhere, such as in another process.
   * @param collect gets the counter at zero each time metrics are read, and adds the whole count; it must not throw
   */
  readCounter<Label extends string = never>(
    name: string,
    help: string,
    labelNames: Label[],
    collect: (counter: Counter<Label>) => void,
  ): void {
    new Counter<Label>({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset();
        collect(this);
      },
    });
  }

  /** @param buckets upper bounds in the unit of the name, ascending */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    labelNames: Label[],
    buckets: number[],
  ): Histogram<Label> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
  }

  /** @param collect sets the gauge each time metrics are read; a rejection would fail the whole read, so it must not reject */
  gauge<Label extends string = never>(
    name: string,
    help: string,
    labelNames: Label[],
    collect: (gauge: Gauge<Label>) => void | Promise<void>,
  ): void {
    new Gauge<Label>({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        return collect(this);
      },
    });
  }

  /** Registers a gauge without labels. While `read` returns null the gauge is absent, because an old value would look current. */
  readingGauge<Reading>(
    name: string,
    help: string,
    read: () => Promise<Reading | null>,
    valueOf: (reading: Reading) => number,
  ): void {
    this.gauge(name, help, [], async (gauge) => {
      const reading = await read();
      if (reading === null) gauge.remove();
      else gauge.set(valueOf(reading));
    });
  }
}

/**
 * Shares one reading among all gauges that are collected at once. The returned function never rejects: it resolves to null when `read`
 * fails or takes longer than three seconds.
 */
export function sharedReading<Reading>(read: () => Promise<Reading>): () => Promise<Reading | null> {
  let reading: Promise<Reading> | undefined;
  let result: Promise<Reading | null> | undefined;
  return () => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    result ??= orNull(reading).finally(() => {
      result = undefined;
    });
    return result;
  };
}

async function orNull<Reading>(reading: Promise<Reading>): Promise<Reading | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      resolve(null);
    }, READING_TIMEOUT_MS);
  });
  try {
    return await Promise.race([reading, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
