import '@jest/expect'; // loaded before the first spec file

/** Globals and process listeners that a package added while it was loaded. They are never removed. */
const packagesGlobals = new Map<string | symbol, PropertyDescriptor>();
const packagesListeners = new Set<unknown>();

/** Objects of packages, with the properties to restore. */
const packagesObjects = new Map<object, ReadonlyMap<string | symbol, PropertyDescriptor>>();

/** The key at which `expect` keeps its matchers and the state of the running test. */
const MATCHERS = Symbol.for('$$jest-matchers-object');

/**
 * Records the parts of the worker that spec files can change: globals, environment variables and other properties of `process`, its
 * listeners, the current folder, the file mode mask, and the additions to `expect`.
 * @returns a function that restores them all
 */
export function recordWorkerState(): () => void {
  const globals = propertiesOf(globalThis);
  const ofProcess = propertiesOf(process);
  const env = { ...process.env };
  const listeners = processListeners();
  const cwd = process.cwd();
  const umask = process.umask();
  const { exitCode } = process;
  const { stackTraceLimit } = Error;
  const restoreMatchers = recordMatchers();
  return () => {
    restoreProperties(globalThis, new Map([...packagesGlobals, ...globals]));
    restoreProperties(process, ofProcess);
    for (const [object, properties] of packagesObjects) restoreProperties(object, properties);
    restoreEnvironment(env);
    for (const [event, listener] of processListeners())
      if (!listeners.some(([name, known]) => name === event && known === listener) && !packagesListeners.has(listener))
        process.off(event, listener);
    if (process.cwd() !== cwd) process.chdir(cwd);
    process.umask(umask);
    process.exitCode = exitCode;
    Error.stackTraceLimit = stackTraceLimit;
    restoreMatchers();
  };
}

/** Loads a package whose globals and listeners must outlive the spec file that loads it first. */
export function keepGlobalsAddedBy<T>(load: () => T): T {
  const globals = new Set(Reflect.ownKeys(globalThis));
  const listeners = new Set<unknown>(processListeners().map(([, listener]) => listener));
  try {
    return load();
  } finally {
    for (const [name, descriptor] of propertiesOf(globalThis))
      if (!globals.has(name)) packagesGlobals.set(name, descriptor);
    for (const [, listener] of processListeners()) if (!listeners.has(listener)) packagesListeners.add(listener);
  }
}

/** Restores the own properties of these objects of a package after each spec file. */
export function restoreAfterEachSpec(objects: readonly object[]): void {
  for (const object of objects) if (!packagesObjects.has(object)) packagesObjects.set(object, propertiesOf(object));
}

/** Node keeps and counts an object's listeners in these properties. Listeners are restored one by one instead. */
const LISTENERS: ReadonlySet<string | symbol> = new Set(['_events', '_eventsCount']);

type Listener = (...args: unknown[]) => void;

function processListeners(): [string | symbol, Listener][] {
  return process.eventNames().flatMap((event) =>
    // The types of `process` allow only known event names
    (process as NodeJS.EventEmitter)
      .rawListeners(event)
      .map((listener): [string | symbol, Listener] => [event, listener as Listener]),
  );
}

function propertiesOf(target: object): Map<string | symbol, PropertyDescriptor> {
  return new Map(
    Reflect.ownKeys(target).flatMap((name) => {
      if (LISTENERS.has(name)) return [];
      const descriptor = Reflect.getOwnPropertyDescriptor(target, name);
      return descriptor === undefined ? [] : [[name, descriptor]];
    }),
  );
}

function restoreProperties(target: object, before: ReadonlyMap<string | symbol, PropertyDescriptor>): void {
  for (const name of Reflect.ownKeys(target))
    // Sets a property to undefined if it refuses to be deleted
    if (!before.has(name) && !LISTENERS.has(name) && !Reflect.deleteProperty(target, name))
      Reflect.set(target, name, undefined);
  for (const [name, descriptor] of before) {
    const now = Reflect.getOwnPropertyDescriptor(target, name);
    if (now !== undefined && sameProperty(now, descriptor)) continue;
    if (!Reflect.defineProperty(target, name, descriptor)) Reflect.set(target, name, descriptor.value);
  }
}

const sameProperty = (one: PropertyDescriptor, other: PropertyDescriptor) =>
  one.get === other.get &&
  one.set === other.set &&
  Object.is(one.value, other.value) &&
  one.writable === other.writable &&
  one.enumerable === other.enumerable &&
  one.configurable === other.configurable;

function restoreEnvironment(before: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (!(name in before)) Reflect.deleteProperty(process.env, name);
  for (const [name, value] of Object.entries(before)) if (process.env[name] !== value) process.env[name] = value;
}

interface Matchers {
  matchers: Record<string, unknown>;
  customEqualityTesters: unknown[];
  state: Record<string, unknown>;
}

/** Records the matchers of `expect`, which is loaded once per worker and would keep the additions of a spec file. */
function recordMatchers(): () => void {
  const before = Reflect.get(globalThis, MATCHERS) as Matchers;
  const matchers = { ...before.matchers };
  const testers = [...before.customEqualityTesters];
  const state = { ...before.state };
  return () => {
    restoreProperties(before.matchers, propertiesOf(matchers));
    before.customEqualityTesters.splice(0, Infinity, ...testers);
    restoreProperties(before.state, propertiesOf(state));
  };
}
