import { formatAddress, listen, type Address } from '@communique-tee/vsock';
import { createServer, type Socket } from 'node:net';
import { CollectorMetrics } from './collector-metrics';
import type { CollectorSettings } from './collector-settings';
import { readEnclaveEvent } from './enclave-event';
import { type Line, LineRate, LineSplitter } from './line-splitter';

/** One connection from the enclave's init, and one from the init of a new enclave while the old connection still looks open. */
const MAX_CONNECTIONS = 2;
const BURST_SECONDS = 10;
const SUMMARY_INTERVAL_MS = 10_000;

export interface LogCollector {
  readonly address: Address;
  readonly metrics: CollectorMetrics;
  close(): Promise<void>;
}

/**
 * Writes one line, which includes its newline. Returns false if the line was dropped, because nothing reads the collector's output and it
 * must not pile up in memory.
 */
export type LineSink = (line: string) => boolean;

/**
 * Receives the enclave's log in lines. Writes the events and fields on the allow-list as JSON lines with `source: "enclave"`. A line longer
 * than 16 KiB is cut and is no event. Any process that can connect can write here, so a line proves nothing.
 *
 * @throws SocketError if it cannot listen
 */
export async function startLogCollector(
  settings: Omit<CollectorSettings, 'metrics'>,
  sink: LineSink,
  nowMs?: () => number,
): Promise<LogCollector> {
  const metrics = new CollectorMetrics();
  const rate = new LineRate(settings.maxLinesPerSecond, settings.maxLinesPerSecond * BURST_SECONDS, nowMs);
  const connections = new Set<Socket>();
  let dropped = 0;
  let others = 0;

  const own = (level: string, event: string, fields: object = {}) =>
    sink(`${JSON.stringify({ time: new Date().toISOString(), level, source: 'log-collector', event, ...fields })}\n`);
  const onLine = ({ bytes, cut }: Line) => {
    if (bytes.length === 0) return;
    if (cut) metrics.cut.inc();
    if (!rate.take()) {
      dropped++;
      metrics.line('rate');
      return;
    }
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const event = cut ? undefined : readEnclaveEvent(text); // a JSON object cut in half is not an event
    if (event === undefined) {
      others++;
      metrics.line('other');
      if (settings.raw)
        sink(
          `${JSON.stringify({ time: new Date().toISOString(), level: 'info', source: 'enclave', event: 'raw_line', cut, line: text })}\n`,
        );
      return;
    }
    if (event.droppedFields > 0) metrics.droppedFields.inc(event.droppedFields);
    const { level, event: name, part, enclaveTime, fields, droppedFields } = event;
    const written = sink(
      `${JSON.stringify({ time: new Date().toISOString(), level, source: 'enclave', event: name, ...(part !== undefined && { part }), ...(enclaveTime !== undefined && { enclaveTime }), ...fields, ...(droppedFields > 0 && { droppedFields }) })}\n`,
    );
    metrics.line(written ? 'event' : 'output');
    if (!written) dropped++;
  };
  /** Logs how many lines were dropped. It runs every 10 seconds, so that a flood of lines causes no flood of warnings. */
  const summary = () => {
    if (dropped > 0) own('warn', 'enclave_log_dropped', { count: dropped });
    if (others > 0) own('info', 'enclave_log_not_events', { count: others });
    dropped = 0;
    others = 0;
  };

  const server = createServer((socket) => {
    socket.on('error', () => undefined); // 'close' follows and is logged
    const [oldest] = connections;
    if (connections.size >= MAX_CONNECTIONS && oldest !== undefined) {
      // Closes the oldest connection, because the peer of a dead enclave may never close
      connections.delete(oldest);
      oldest.destroy();
      metrics.evicted.inc();
      own('warn', 'enclave_log_evicted');
    }
    connections.add(socket);
    metrics.connections.set(connections.size);
    own('info', 'enclave_log_connected');
    const splitter = new LineSplitter(onLine);
    socket.on('data', (chunk: Buffer) => {
      metrics.bytes.inc(chunk.length);
      splitter.push(chunk);
    });
    socket.on('close', () => {
      splitter.end();
      connections.delete(socket);
      metrics.connections.set(connections.size);
      own('info', 'enclave_log_disconnected');
    });
  });
  const address = await listen(server, settings.listen, { unixMode: 0o660 });
  const timer = setInterval(summary, SUMMARY_INTERVAL_MS).unref();
  own('info', 'enclave_log_listening', { address: formatAddress(address) });
  return {
    address,
    metrics,
    async close() {
      clearInterval(timer);
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of connections) socket.destroy();
      await closed;
      summary();
    },
  };
}
