import { setImmediate as turn } from 'node:timers/promises';
import { LogLines, type PartName } from './log-lines';
import { Parts, type RunningPart } from './parts';

describe('Parts', () => {
  let text: string;
  let events: string[];
  let crash: Map<PartName, (how: string) => void>;
  let parts: Parts;

  beforeEach(() => {
    [text, events, crash] = ['', [], new Map()];
    parts = new Parts(new LogLines((more) => (text += more), false));
  });
  const start = (name: PartName) => () => {
    events.push(`start ${name}`);
    let end: (how: string) => void = () => undefined;
    const ended = new Promise<string>((resolve) => (end = resolve));
    crash.set(name, end);
    return Promise.resolve<RunningPart>({
      ended,
      stop: () => {
        events.push(`stop ${name}`);
        end('SIGTERM');
        return ended;
      },
    });
  };

  it('reports a crashed part, keeps the others running, and starts the crashed part again at the next change', async () => {
    for (const name of ['congress', 'gateway'] as const) await parts.start(name, start(name));
    parts.changed();
    crash.get('congress')?.('SIGKILL');
    await turn();
    expect(text).toContain('congress ended (SIGKILL)');
    parts.changed();
    parts.changed();
    await turn();
    expect(events).toEqual(['start congress', 'start gateway', 'start congress']);
  });

  it('tries again at a later change if a part did not start', async () => {
    let fails = true;
    await parts.start('congress', start('congress'));
    await parts.start('postgres', () =>
      fails && events.includes('start postgres') ? Promise.reject(new Error('taken')) : start('postgres')(),
    );
    crash.get('postgres')?.('exit code 1');
    await turn();
    parts.changed();
    await turn();
    expect(text).toContain('postgres did not start: taken');
    fails = false;
    parts.changed();
    await turn();
    expect(events.filter((event) => event === 'start postgres')).toHaveLength(2);
  });

  it('stops the running parts in reverse order, without reporting their ends', async () => {
    for (const name of ['postgres', 'congress', 'gateway'] as const) await parts.start(name, start(name));
    crash.get('congress')?.('SIGKILL');
    await turn();
    text = '';
    await parts.stop();
    parts.changed();
    expect(events.slice(3)).toEqual(['stop gateway', 'stop postgres']);
    expect(text).toBe('');
  });
});
