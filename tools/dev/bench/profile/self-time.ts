/** The parts of a V8 CPU profile that are read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly what: string;
  /** Fraction of the time in which the process was not idle, 0 to 1. */
  readonly share: number;
}

const GROUPS: readonly (readonly [string, RegExp])[] = [
  ['garbage collection', /^\(garbage collector\)/],
  ['native code without a frame', /^\(program\)/],
  ['Prisma', /node_modules\/@prisma\/|generated\/internal/],
  ['pg', /node_modules\/(pg|pg-[a-z]+|postgres-[a-z]+)\//],
  ['token verification (jose)', /node_modules\/jose\//],
  [
    'Redis client and limiter',
    /node_modules\/(ioredis|@ioredis|redis-[a-z]+|rate-limiter-flexible|denque|cluster-key-slot|standard-as-callback)\//,
  ],
  ['Nest', /node_modules\/(@nestjs|rxjs|reflect-metadata|tslib)\//],
  [
    'Fastify',
    /node_modules\/(fastify|@fastify|avvio|find-my-way|light-my-request|secure-json-parse|fast-json-stringify|proxy-addr|process-warning|toad-cache|rfdc)/,
  ],
  ['CBOR', /node_modules\/(cborg|cbor-x)\/|protocol\/src\/cbor/],
  ['zod', /node_modules\/zod\//],
  ['pino', /node_modules\/(pino|sonic-boom|thread-stream|safe-stable-stringify)/],
  ['prom-client', /node_modules\/(prom-client|tdigest|bintrees)\//],
  ['own code', /^(apps|libs)\//],
  ['node: crypto', /^node:internal\/crypto/],
  [
    'node: http, net, streams',
    /^node:(_http|http|net|_stream|stream|internal\/(http|net|stream|js_stream|timers|url|dns))/,
  ],
  [
    'node: promises, async context, timers',
    /^node:(internal\/(process|async|timers|promise|util)|async_hooks|timers|events|diagnostics)/,
  ],
  ['node: other', /^node:/],
];

/** Returns self time by group and by function, greatest first. @param sourceOf returns the source of a line of the bundle */
export function selfTimes(
  profile: CpuProfile,
  sourceOf: (url: string, lineNumber: number) => string,
): { readonly groups: Share[]; readonly functions: Share[]; readonly busySeconds: number } {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const groups = new Map<string, number>();
  const functions = new Map<string, number>();
  let busy = 0;
  profile.samples.forEach((id, at) => {
    const frame = nodes.get(id);
    if (frame === undefined || frame.functionName === '(idle)') return;
    const micros = Math.max(0, profile.timeDeltas[at] ?? 0);
    const source = frame.url === '' ? frame.functionName : sourceOf(frame.url, frame.lineNumber);
    const group =
      GROUPS.find(([, pattern]) => pattern.test(source))?.[0] ??
      (frame.url === '' ? 'built-in functions' : 'other packages');
    busy += micros;
    add(groups, group, micros);
    add(
      functions,
      `${frame.functionName === '' ? '(anonymous)' : frame.functionName} ${frame.url === '' ? '' : source}`.trim(),
      micros,
    );
  });
  const shares = (times: Map<string, number>): Share[] =>
    [...times].map(([what, micros]) => ({ what, share: micros / busy })).sort((a, b) => b.share - a.share);
  return { groups: shares(groups), functions: shares(functions), busySeconds: busy / 1e6 };
}

function add(times: Map<string, number>, key: string, micros: number): void {
  times.set(key, (times.get(key) ?? 0) + micros);
}

/** Returns a function that maps a line of the bundle to its source. esbuild writes `// <path of the source>` above the code of each source. */
export function sourcesOfBundle(bundle: string): (lineNumber: number) => string {
  let current = 'the bundle';
  const sources = bundle
    .split('\n')
    .map((line) => (current = /^\s*\/\/ ((?:apps|libs|node_modules|prisma)\/\S+)$/.exec(line)?.[1] ?? current));
  return (lineNumber) => sources[lineNumber] ?? 'the bundle';
}
