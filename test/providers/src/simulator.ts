import { randomBytes } from 'node:crypto';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { testAuthority, type TestAuthority } from '@communique-tee/congress-simulator';
import { closeServer, guarded, listenOnLoopback } from '@communique-tee/testing/harness';
import type { DefaultAnswer } from './answers/compose';
import { anthropicDialect } from './dialects/anthropic';
import type { Account, Dialect } from './dialects/dialect';
import { geminiDialect } from './dialects/gemini';
import { openAiDialect } from './dialects/openai';
import type { FaultPlanInput } from './faults/fault';
import { FaultSchedule } from './faults/schedule';
import { providersControl } from './http/providers-control';
import { ProviderServer, type Surroundings } from './http/provider-server';
import { SIMULATED_PROVIDERS, type SimulatedProvider } from './models';
import { RequestLog, type ProviderRequest } from './requests';

export interface ProviderStartOptions extends Partial<Account> {
  /** With 0, the default, a free port is chosen. */
  port?: number;
  /** The models that this provider does not have. */
  withoutModels?: readonly string[];
}

export interface ProvidersOptions extends Partial<Record<SimulatedProvider, ProviderStartOptions>> {
  /** Where the test authority is kept between starts. Without a folder a new authority is made. */
  folder?: string;
  authority?: TestAuthority;
  /** With 0, the default, a free port is chosen. */
  controlPort?: number;
}

export interface ProviderAddress extends Account {
  /** `https://localhost:<port>` */
  readonly origin: string;
}

export interface SimulatedProviders extends Record<SimulatedProvider, ProviderAddress> {
  /** PEM of the test authority, for a configuration's `certificateAuthorities`. */
  readonly certificateAuthorities: string;
  /** `http://127.0.0.1:<port>/control` */
  readonly controlUrl: string;
  /** Returns the requests since the start or the last clear, oldest first. */
  requests(): ProviderRequest[];
  clearRequests(): void;
  /** Returns how many requests for text were read. */
  calls(): number;
  waitForCalls(count: number): Promise<void>;
  /** Replaces the plan; `{}` ends all faults. @throws ZodError */
  setFaults(plan: FaultPlanInput): void;
  /** Returns how often each fault struck. */
  faultCounts(): Record<string, number>;
  setDefaultAnswer(answer: DefaultAnswer): void;
  /** Releases every answer that the fault `held` holds back. */
  release(): void;
  close(): Promise<void>;
}

/** `production`: it does not start with NODE_ENV=production. `listen_failed`: it cannot listen on a port. */
export class ProvidersError extends Error {
  override readonly name = 'ProvidersError';
  constructor(
    readonly code: 'production' | 'listen_failed',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const DIALECTS: { readonly [P in SimulatedProvider]: Dialect<P> } = {
  openai: openAiDialect,
  gemini: geminiDialect,
  anthropic: anthropicDialect,
};

/**
 * Starts OpenAI, Gemini and Anthropic as real HTTPS servers on loopback, and a control port. The private keys of the certificates are made
 * at each start.
 * @throws ProvidersError
 */
export async function startProviders(options: ProvidersOptions = {}): Promise<SimulatedProviders> {
  if (process.env['NODE_ENV'] === 'production')
    throw new ProvidersError('production', 'the provider simulator does not start with NODE_ENV=production');
  const authority = options.authority ?? (await testAuthority(options.folder));
  const certificate = await authority.issue({ names: ['localhost', '127.0.0.1', '::1'] });
  let held = Promise.withResolvers<undefined>();
  const release = (): void => {
    held.resolve(undefined);
    held = Promise.withResolvers();
  };
  const surroundings: Surroundings = {
    faults: new FaultSchedule(),
    requests: new RequestLog(),
    whenNotScripted: 'sensible',
    released: () => held.promise,
  };
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    release();
    await Promise.all(servers.splice(0).map(closeServer));
  };
  const listen = (server: Server, port: number): Promise<number> => {
    servers.push(server);
    return listenOnLoopback(
      server,
      port,
      (cause) => new ProvidersError('listen_failed', `cannot listen on port ${port}`, { cause }),
    );
  };

  const startProvider = async <P extends SimulatedProvider>(
    provider: P,
    { port = 0, withoutModels = [], ...given }: ProviderStartOptions = {},
  ): Promise<ProviderAddress> => {
    const account: Account = {
      apiKey: `test-${provider}-${randomBytes(16).toString('hex')}`,
      organization: `org-${randomBytes(8).toString('hex')}`,
      ...given,
    };
    const served = new ProviderServer(provider, DIALECTS[provider], { account, withoutModels }, surroundings);
    const server = createHttpsServer(
      { key: certificate.privateKeyPem, cert: certificate.certificatePem, minVersion: 'TLSv1.2' },
      guarded((...exchange) => served.handle(...exchange)),
    );
    return { ...account, origin: `https://localhost:${await listen(server, port)}` };
  };

  try {
    const started: Partial<Record<SimulatedProvider, ProviderAddress>> = {};
    for (const provider of SIMULATED_PROVIDERS) started[provider] = await startProvider(provider, options[provider]);
    const control = createHttpServer(guarded(providersControl(surroundings, release)));
    const controlPort = await listen(control, options.controlPort ?? 0);
    return {
      ...(started as Record<SimulatedProvider, ProviderAddress>),
      certificateAuthorities: authority.certificatePem,
      controlUrl: `http://127.0.0.1:${controlPort}/control`,
      requests: () => surroundings.requests.all(),
      clearRequests: () => surroundings.requests.clear(),
      calls: () => surroundings.requests.calls(),
      waitForCalls: (count) => surroundings.requests.waitForCalls(count),
      setFaults: (plan) => surroundings.faults.set(plan),
      faultCounts: () => surroundings.faults.counts(),
      setDefaultAnswer: (answer) => void (surroundings.whenNotScripted = answer),
      release,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
