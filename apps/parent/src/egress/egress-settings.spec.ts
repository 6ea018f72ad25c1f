import { parseEgressSettings } from './egress-settings';

const CWC = 'vsock:8001=cwc.house.gov:443';
const problems = (args: readonly string[], file?: string) => {
  const parsed = parseEgressSettings(args, () => {
    if (file === undefined) throw new Error('gone');
    return file;
  });
  return parsed.ok ? [] : parsed.problems;
};
const settings = (args: readonly string[], file = '') => {
  const parsed = parseEgressSettings(args, () => file);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.settings;
};

describe('the settings of the egress proxy', () => {
  it('are a route for each destination, and limits with defaults', () => {
    expect(
      settings([
        '--route',
        CWC,
        '--route',
        'unix:/run/a=b/s=[2001:db8::1]:8443',
        '--route',
        'hybrid:/run/vm:8003=10.0.0.1:1',
      ]),
    ).toEqual({
      routes: [
        {
          listen: { kind: 'vsock', cid: null, port: 8001 },
          host: 'cwc.house.gov',
          port: 443,
          destination: 'cwc.house.gov:443',
          maxConnections: 256,
        },
        {
          listen: { kind: 'unix', path: '/run/a=b/s' },
          host: '2001:db8::1',
          port: 8443,
          destination: '[2001:db8::1]:8443',
          maxConnections: 256,
        },
        {
          listen: { kind: 'hybrid', path: '/run/vm', port: 8003 },
          host: '10.0.0.1',
          port: 1,
          destination: '10.0.0.1:1',
          maxConnections: 256,
        },
      ],
      maxConnections: 512,
      connectTimeoutMs: 10_000,
      idleTimeoutMs: 300_000,
      drainMs: 10_000,
      metrics: undefined,
    });
  });

  it('may come from a file, whose numbers the command line overrides', () => {
    const file = JSON.stringify({
      routes: [{ listen: 'vsock:8002', host: 'soapbox.senate.gov', port: 443, maxConnections: 3 }],
      maxConnections: 7,
      drainMs: 0,
      metrics: 'tcp:127.0.0.1:9465',
    });
    expect(settings(['--config', 'x', '--route', CWC, '--max-connections', '8'], file)).toMatchObject({
      routes: [{ destination: 'cwc.house.gov:443' }, { destination: 'soapbox.senate.gov:443', maxConnections: 3 }],
      maxConnections: 8,
      drainMs: 0,
      metrics: { kind: 'tcp', host: '127.0.0.1', port: 9465 },
    });
  });

  it.each<[string, string[], string | undefined, string]>([
    ['no route', [], undefined, '--route: at least one'],
    ['no destination', ['--route', 'vsock:8001'], undefined, '--route 1: <address>=<host>:<port>'],
    ['no port', ['--route', 'vsock:8001=cwc.house.gov'], undefined, '--route 1: <address>'],
    ['any destination', ['--route', 'vsock:8001=*:443'], undefined, '--route 1: the host'],
    ['port 0', ['--route', 'vsock:8001=cwc.house.gov:0'], undefined, '--route 1: a port'],
    ['a port too high', ['--route', 'vsock:8001=cwc.house.gov:65536'], undefined, '--route 1: a port'],
    ['a host in upper case', ['--route', 'vsock:8001=CWC.house.gov:443'], undefined, '--route 1: the host'],
    ['a host that is more', ['--route', 'vsock:8001=u@cwc.house.gov:443'], undefined, '--route 1: the host'],
    ['an empty label', ['--route', 'vsock:8001=cwc..gov:443'], undefined, '--route 1: the host'],
    ['brackets around a name', ['--route', 'vsock:8001=[cwc.house.gov]:443'], undefined, '--route 1: the host'],
    [
      'a listener for everybody',
      ['--route', 'tcp:0.0.0.0:8001=cwc.house.gov:443'],
      undefined,
      '--route 1: tcp must stay',
    ],
    [
      'a listener on another machine',
      ['--route', 'tcp:10.0.0.1:8001=cwc.house.gov:443'],
      undefined,
      '--route 1: tcp must stay',
    ],
    [
      'one listener for two destinations',
      ['--route', CWC, '--route', 'vsock:8001=soapbox.senate.gov:443'],
      undefined,
      'vsock:8001: is used twice',
    ],
    ['metrics for everybody', ['--route', CWC, '--metrics', 'tcp:[::]:9465'], undefined, '--metrics: tcp must stay'],
    ['no number', ['--route', CWC, '--max-connections', '1e3'], undefined, '--max-connections: must be a whole number'],
    [
      'no connections',
      ['--route', CWC, '--max-connections-per-route', '0'],
      undefined,
      '--max-connections-per-route: must be',
    ],
    ['a file that is gone', ['--config', 'x'], undefined, '--config: cannot be read'],
    ['a file that is no JSON', ['--config', 'x'], '{', '--config: is not JSON'],
    ['a file with a slip of the pen', ['--config', 'x'], '{"route":[]}', '--config: '],
    ['a file without routes', ['--config', 'x'], '{"routes":[]}', '--route: at least one'],
    ['a file with a number that is none', ['--config', 'x', '--route', CWC], '{"drainMs":"1"}', 'drainMs: '],
    [
      'a route of the file with a bad host',
      ['--config', 'x'],
      '{"routes":[{"listen":"vsock:1","host":"a b","port":1}]}',
      'routes.0: the host',
    ],
    ['an unknown option', ['--allow', 'everything'], undefined, "Unknown option '--allow'"],
    ['a word too many', ['--route', CWC, 'cwc.house.gov'], undefined, 'Unexpected argument'],
  ])('are refused with %s', (_what, args, file, expected) => {
    const lines = problems(args, file);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(expected);
  });

  it('are refused with all problems at once', () => {
    expect(
      problems([
        '--route',
        'x',
        '--route',
        'tcp:1.2.3.4:5=a:1',
        '--drain-ms',
        '-',
        '--idle-timeout-ms',
        '1',
        '--metrics',
        'x',
      ]).map((line) => line.split(':')[0]),
    ).toEqual(['--route 1', '--route 2', '--metrics', '--idle-timeout-ms', '--drain-ms']);
  });
});
