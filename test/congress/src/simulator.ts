import { randomBytes } from 'node:crypto';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { closeServer, guarded, listenOnLoopback } from '@communique-tee/testing/harness';
import { SIMULATED_CHAMBER_KEYS, type Chamber } from './chambers';
import { testAuthority, type IssueOptions, type TestAuthority } from './certificates/authority';
import { createCwcJudge } from './cwc/validate';
import type { FaultPlanInput } from './faults/fault';
import { FaultSchedule } from './faults/schedule';
import { ChamberServer, type ChamberOptions } from './http/chamber-server';
import { congressControl } from './http/congress-control';
import { outcomesSchema, type OutcomesInput } from './outcomes/outcome';
import { OutcomeTable } from './outcomes/outcome-table';
import { ReceivedMessages, type ReceivedMessage } from './received';

export interface ChamberStartOptions extends Partial<ChamberOptions> {
  /** With 0, a free port is chosen. */
  port?: number;
}

export interface CongressSimulatorOptions extends Partial<Record<Chamber, ChamberStartOptions>> {
  /** Where the test authority is kept between starts. Without a folder a new authority is made. */
  folder?: string;
  authority?: TestAuthority;
  controlPort?: number;
  /** Keeps only the Subject element of each document, and has room for 2,000,000 of them. */
  onlySubjects?: boolean;
  /** The certificate of the servers. By default it is valid now, for `localhost`, `127.0.0.1` and `::1`. */
  certificate?: Partial<IssueOptions>;
}

export interface ChamberAddress {
  /** `https://localhost:<port>` */
  origin: string;
  apiKey: string;
}

export interface CongressSimulator extends Record<Chamber, ChamberAddress> {
  /** PEM of the test authority, for a configuration's `certificateAuthorities`. */
  certificateAuthorityPem: string;
  /** `http://127.0.0.1:<port>/control` */
  controlUrl: string;
  received(): ReceivedMessage[];
  clearReceived(): void;
  /** Replaces the plan; `{}` ends all faults. @throws ZodError */
  setFaults(plan: FaultPlanInput): void;
  /** Replaces what each office or chamber answers; `{}` clears it. @throws ZodError */
  setOutcomes(outcomes: OutcomesInput): void;
  stop(): Promise<void>;
}

/** `production`: it does not start with NODE_ENV=production. `listen_failed`: it cannot listen on a port. */
export class CongressSimulatorError extends Error {
  override readonly name = 'CongressSimulatorError';
  constructor(
    readonly code: 'production' | 'listen_failed',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Starts each chamber of Congress as a real HTTPS server on loopback, and a control port.
 * @throws CongressSimulatorError
 */
export async function startCongressSimulator(options: CongressSimulatorOptions = {}): Promise<CongressSimulator> {
  if (process.env['NODE_ENV'] === 'production') {
    throw new CongressSimulatorError('production', 'the Congress simulator does not start with NODE_ENV=production');
  }
  const authority = options.authority ?? (await testAuthority(options.folder));
  const { certificatePem, privateKeyPem } = await authority.issue({
    names: ['localhost', '127.0.0.1', '::1'],
    ...options.certificate,
  });
  const judge = await createCwcJudge();
  const faults = new FaultSchedule();
  const received = new ReceivedMessages(options.onlySubjects);
  const outcomes = new OutcomeTable();
  const servers: Server[] = [];
  const listen = (server: Server, port: number): Promise<number> =>
    listenOnLoopback(
      server,
      port,
      (cause) => new CongressSimulatorError('listen_failed', `cannot listen on port ${port}`, { cause }),
    );
  const stop = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map(closeServer));
  };

  const startChamber = async (
    chamber: Chamber,
    { port = 0, ...given }: ChamberStartOptions = {},
  ): Promise<ChamberAddress> => {
    const settings: ChamberOptions = {
      apiKey: randomBytes(16).toString('hex'),
      deduplicates: true,
      allowedAddresses: null,
      offices: null,
      maxBodyBytes: 256 * 1024,
      keepsConnections: false,
      ...given,
    };
    const served = new ChamberServer(chamber, settings, judge, faults, received, outcomes);
    const server = createHttpsServer(
      { key: privateKeyPem, cert: certificatePem, minVersion: 'TLSv1.2' },
      guarded((...exchange) => served.handle(...exchange)),
    );
    servers.push(server);
    return { origin: `https://localhost:${await listen(server, port)}`, apiKey: settings.apiKey };
  };

  try {
    const started: Partial<Record<Chamber, ChamberAddress>> = {};
    for (const chamber of SIMULATED_CHAMBER_KEYS) started[chamber] = await startChamber(chamber, options[chamber]);
    const controlServer = createHttpServer(guarded(congressControl(faults, received, outcomes)));
    servers.push(controlServer);
    const controlPort = await listen(controlServer, options.controlPort ?? 0);
    return {
      ...(started as Record<Chamber, ChamberAddress>),
      certificateAuthorityPem: authority.certificatePem,
      controlUrl: `http://127.0.0.1:${controlPort}/control`,
      received: () => received.all(),
      clearReceived: () => received.clear(),
      setFaults: (plan) => faults.set(plan),
      setOutcomes: (chosen) => outcomes.replace(outcomesSchema.parse(chosen)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
