import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandAvailability, describeWith, type TemporaryFolder } from '@communique-tee/testing/harness';
import { renderParentFiles } from './index';
import { MANAGED, ON_PARENT } from './testing/example-settings';
import { hostNameOf } from './testing/host-names';
import { run } from './testing/run';
import { scriptEnvironment, stageScripts, writeScript, type StagedScripts } from './testing/staged-scripts';

let folder: TemporaryFolder;
let staged: StagedScripts;
let programs: string;
/** The folder with stand-ins for programs that this machine does not have. */
let bin: string;

beforeAll(async () => {
  staged = await stageScripts('parent-scripts');
  ({ folder, programs } = staged);
});
afterAll(() => folder.remove());
beforeEach(async () => {
  bin = await staged.newBin();
});

const script = (name: string, body: string) => writeScript(bin, name, body);
const environment = (more: Record<string, string> = {}) => scriptEnvironment(bin, folder.path, more);
const hash = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('hex');

describe('check-reservation', () => {
  const sysfs = async (pages: Readonly<Record<string, number>>, cpus: string) => {
    const root = await mkdtemp(join(folder.path, 'sys-'));
    for (const [size, count] of Object.entries(pages)) {
      const at = join(root, 'devices/system/node/node0/hugepages', `hugepages-${size}kB`);
      await mkdir(at, { recursive: true });
      await writeFile(join(at, 'nr_hugepages'), `${String(count)}\n`);
    }
    await mkdir(join(root, 'module/nitro_enclaves/parameters'), { recursive: true });
    await writeFile(join(root, 'module/nitro_enclaves/parameters/ne_cpus'), `${cpus}\n`);
    return run(join(programs, 'check-reservation'), [], {
      env: environment({ SYSFS: root, ENCLAVE_MEMORY_MIB: '3072', ENCLAVE_CPU_COUNT: '2' }),
    });
  };

  it.each([
    ['pages of 2 MiB', { '2048': 1536 }, '2-3'],
    ['pages of 1 GiB and of 32 MiB together', { '1048576': 2, '32768': 32 }, '1,3'],
  ])('passes if the reserved memory is enough: %s', async (_name, pages, cpus) => {
    expect(await sysfs(pages, cpus)).toMatchObject({
      code: 0,
      stdout: 'reserved for the enclave: 3072 MiB, 2 processors\n',
    });
  });

  it('fails if memory is missing, although the allocator reported success', async () => {
    expect(await sysfs({ '2048': 1535 }, '2-3')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('3070 MiB are reserved') as string,
    });
    expect((await sysfs({}, '2-3')).code).toBe(1);
  });

  it('fails if processors are missing', async () => {
    expect(await sysfs({ '2048': 1536 }, '2')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the pool has 1') as string,
    });
    expect(await sysfs({ '2048': 1536 }, '')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('empty') as string,
    });
  });
});

describeWith(commandAvailability('jq', 'jq'), 'the scripts', () => {
  describe('fetch-image', () => {
    const pcr0 = 'ab'.repeat(48);
    const fetchImage = async (state: string, change: Record<string, string> = {}) => {
      await mkdir(state, { recursive: true });
      return run(join(programs, 'fetch-image'), [], {
        env: environment({
          STATE_DIRECTORY: state,
          IMAGE_BUCKET: 'bucket',
          IMAGE_KEY: 'images/a.eif',
          IMAGE_VERSION_ID: 'v1',
          IMAGE_SHA384: hash('sha384', 'the image'),
          IMAGE_PCR0: pcr0,
          ...change,
        }),
      });
    };
    beforeEach(async () => {
      await script('aws', `printf '%s\\n' "$*" >> ${bin}/calls; printf 'the image' > "\${!#}"`);
      await script('nitro-cli', `[[ $1 == describe-eif ]]; echo '{"Measurements":{"PCR0":"${pcr0}"}}'`);
    });

    it('fetches the pinned version, measures it, and does not fetch it again', async () => {
      const state = join(bin, 'state');
      expect(await fetchImage(state)).toMatchObject({ code: 0, stdout: `the image is there: PCR0 ${pcr0}\n` });
      expect(await readFile(join(state, 'enclave.eif'), 'utf8')).toBe('the image');
      expect((await fetchImage(state)).code).toBe(0);
      expect(await readFile(join(bin, 'calls'), 'utf8')).toMatch(
        /^s3api get-object --bucket bucket --key images\/a.eif --version-id v1 \S+\n$/,
      );
    });

    it('deletes a file with another hash', async () => {
      const state = join(bin, 'state');
      const { code, stderr } = await fetchImage(state, { IMAGE_SHA384: 'cd'.repeat(48) });
      expect([code, stderr]).toEqual([1, expect.stringContaining('is not what was asked for')]);
      expect((await run('ls', ['-A', state])).stdout).toBe('');
    });

    it('accepts the right measurement in spite of a bad exit code, and reports the code', async () => {
      await script('nitro-cli', `echo '{"Measurements":{"PCR0":"${pcr0}"}}'; exit 7`);
      expect(await fetchImage(join(bin, 'state'))).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('exited with code 7') as string,
      });
    });

    it.each([
      ['nothing', 'exit 9', 9],
      ['no measurement, and exits 0', "echo '{}'", 0],
    ])('fails if nitro-cli prints %s', async (_name, body, exitCode) => {
      await script('nitro-cli', body);
      expect(await fetchImage(join(bin, 'state'))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`printed no PCR0 of the image (exit code ${exitCode})`) as string,
      });
    });

    it('removes an image whose measurement differs from the published one', async () => {
      const state = join(bin, 'state');
      await script('nitro-cli', `echo '{"Measurements":{"PCR0":"${'ba'.repeat(48)}"}}'`);
      expect(await fetchImage(state)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('was expected: the image is removed') as string,
      });
      expect((await run('ls', ['-A', state])).stdout).toBe('');
    });
  });

  describe('supervise-enclave', () => {
    const pcr0 = 'ab'.repeat(48);
    let home: string;
    /** A stand-in for nitro-cli. The file `state` has the enclave's state; without the file no enclave runs. */
    const nitroCli = (flags = 'NONE', measured = pcr0) =>
      script(
        'nitro-cli',
        `echo "$*" >> ${home}/calls
describe() { if [[ -f ${home}/state ]]; then printf '[{"EnclaveName":"communique","EnclaveID":"i-1-enc1","State":"%s","Flags":"${flags}","Measurements":{"PCR0":"${measured}"}}]' "$(<${home}/state)"; else echo '[]'; fi; }
# A line of describe.sh changes what it prints and how it exits.
case $1 in
  run-enclave) echo RUNNING > ${home}/state; echo '{"EnclaveID":"i-1-enc1"}' ;;
  describe-enclaves) if [[ -f ${home}/describe.sh ]]; then . ${home}/describe.sh; else describe; fi ;;
  terminate-enclave) rm -f ${home}/state; echo '{}' ;;
esac`,
      );
    const supervise = () =>
      spawn(join(programs, 'supervise-enclave'), {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: environment({
          ...{
            STATE_DIRECTORY: home,
            RUNTIME_DIRECTORY: home,
            WATCH_SECONDS: '0.05',
            LONGEST_WAIT_SECONDS: '0',
            ENCLAVE_NAME: 'communique',
            ENCLAVE_CID: '16',
          },
          ...{
            ENCLAVE_CPU_COUNT: '2',
            ENCLAVE_MEMORY_MIB: '3072',
            IMAGE_SHA384: hash('sha384', 'the image'),
            IMAGE_PCR0: pcr0,
          },
        }),
      });
    /** Waits until nitro-cli was asked at least twelve times, which is more often than it may fail in a row. */
    const manyLooks = async () => {
      for (;;) {
        const calls = await readFile(join(home, 'calls'), 'utf8');
        if (calls.split('describe-enclaves').length > 12) return;
        await sleep(20);
      }
    };
    const outcome = async (child: ReturnType<typeof supervise>, onEvent: (event: string) => void = () => undefined) => {
      const events: Record<string, unknown>[] = [];
      let text = '';
      child.stdout.on('data', (piece: Buffer) => {
        text += piece.toString();
        for (const line of text.split('\n').slice(events.length, -1)) {
          const event = JSON.parse(line) as Record<string, unknown>;
          events.push(event);
          onEvent(String(event['event']));
        }
      });
      const [code] = (await once(child, 'close')) as [number];
      return {
        code,
        events,
        failures: await readFile(join(home, 'failures'), 'utf8').catch(() => '-'),
        calls: await readFile(join(home, 'calls'), 'utf8').catch(() => ''),
      };
    };
    beforeEach(async () => {
      home = await mkdtemp(join(folder.path, 'enclave-'));
      await writeFile(join(home, 'enclave.eif'), 'the image');
      await script('systemd-notify', `echo "$*" >> ${home}/notified`);
      await nitroCli();
    });

    it('starts the enclave without debug mode, logs that it runs, and terminates it on a signal', async () => {
      const child = supervise();
      const { code, events, failures, calls } = await outcome(child, (event) => {
        if (event === 'enclave_running') void sleep(200).then(() => child.kill('SIGTERM'));
      });
      expect([code, failures]).toEqual([0, '0\n']);
      expect(events.map(({ event }) => event)).toEqual(['enclave_running', 'enclave_stopping']);
      expect(calls).toContain(
        `run-enclave --enclave-name communique --eif-path ${home}/enclave.eif --cpu-count 2 --memory 3072 --enclave-cid 16\n`,
      );
      expect(calls).not.toContain('debug');
      expect(calls.trimEnd()).toMatch(/terminate-enclave --enclave-id i-1-enc1$/);
      expect(await readFile(join(home, 'notified'), 'utf8')).toContain('--ready');
    });

    it.each([
      ['it is gone', 'rm -f'],
      ['it is terminating', 'echo TERMINATING >'],
    ])('logs how long the enclave ran when it has ended, and counts the failure: %s', async (_name, how) => {
      const child = supervise();
      const { code, events, failures } = await outcome(child, (event) => {
        if (event === 'enclave_running') void run('bash', ['--norc', '-c', `${how} ${home}/state`]);
      });
      expect([code, failures]).toEqual([1, '1\n']);
      expect(events.at(-1)).toMatchObject({
        event: 'enclave_ended',
        level: 'error',
        id: 'i-1-enc1',
        upSeconds: expect.any(Number) as number,
      });
    });

    it.each([
      ['a debug enclave', 'DEBUG_MODE', pcr0, 'its flags are DEBUG_MODE'],
      ['another image', 'NONE', 'ba'.repeat(48), `its PCR0 is ${'ba'.repeat(48)}`],
    ])('terminates %s at once', async (_name, flags, measured, problem) => {
      await nitroCli(flags, measured);
      const { code, events, calls } = await outcome(supervise());
      expect(code).toBe(1);
      expect(events).toMatchObject([{ event: 'enclave_refused', problem }]);
      expect(calls).toContain('terminate-enclave');
    });

    it('refuses to run an image file that has changed', async () => {
      await writeFile(join(home, 'enclave.eif'), 'another');
      const { code, events, calls } = await outcome(supervise());
      expect([code, calls]).toEqual([1, '']);
      expect(events).toMatchObject([{ event: 'enclave_image_changed' }]);
    });

    it('waits before it starts again after failures, and counts the next failure', async () => {
      await writeFile(join(home, 'failures'), '3\n');
      await script('nitro-cli', '[[ $1 != describe-enclaves ]] || { echo []; exit 0; }; echo "E29" >&2; exit 29');
      const { code, events, failures } = await outcome(supervise());
      expect([code, failures]).toEqual([1, '4\n']);
      expect(events.map(({ event }) => event)).toEqual(['enclave_start_delayed', 'enclave_not_started']);
    });

    describe('if the exit code of nitro-cli contradicts its output', () => {
      const describeAs = (body: string) => writeFile(join(home, 'describe.sh'), `${body}\n`);

      it('keeps an enclave that is listed as running although nitro-cli exits with 39', async () => {
        await describeAs('describe; exit 39');
        const child = supervise();
        const { code, events, failures, calls } = await outcome(child, (event) => {
          if (event === 'enclave_running') void manyLooks().then(() => child.kill('SIGTERM'));
        });
        expect([code, failures]).toEqual([0, '0\n']);
        expect(events.map(({ event }) => event)).toEqual(['enclave_running', 'enclave_stopping']);
        expect(calls.trimEnd()).toMatch(/terminate-enclave --enclave-id i-1-enc1$/);
      });

      it.each([
        ['a list without the enclave', "echo '[]'; exit 39"],
        ['nothing', 'exit 39'],
        ['no JSON, and exits 0', 'echo oops'],
        ['JSON that is no list, and exits 0', "echo '{}'"],
      ])(
        'terminates the enclave by its id, logs why and counts a failure if nitro-cli keeps printing %s',
        async (_name, body) => {
          await describeAs(body);
          const { code, events, failures, calls } = await outcome(supervise());
          expect([code, failures]).toEqual([1, '1\n']);
          expect(events).toMatchObject([{ event: 'enclave_not_described', level: 'error', id: 'i-1-enc1' }]);
          expect(calls.trimEnd()).toMatch(/terminate-enclave --enclave-id i-1-enc1$/);
          await expect(stat(join(home, 'state'))).rejects.toThrow('ENOENT');
        },
      );

      it('treats the enclave as ended only if nitro-cli exits with 0 and its list lacks the enclave', async () => {
        await describeAs(
          `echo >> ${home}/looks; if (($(wc -l < ${home}/looks) % 3 == 0)); then describe; else echo '[]'; exit 39; fi`,
        );
        const child = supervise();
        const { code, events } = await outcome(child, (event) => {
          if (event === 'enclave_running') void manyLooks().then(() => child.kill('SIGTERM'));
        });
        expect(code).toBe(0);
        expect(events.map(({ event }) => event)).toEqual(['enclave_running', 'enclave_stopping']);
      });

      it('terminates a debug enclave although nitro-cli exits with 39', async () => {
        await nitroCli('DEBUG_MODE');
        await describeAs('describe; exit 39');
        const { code, events, calls } = await outcome(supervise());
        expect(code).toBe(1);
        expect(events).toMatchObject([{ event: 'enclave_refused', problem: 'its flags are DEBUG_MODE' }]);
        expect(calls).toContain('terminate-enclave --enclave-id i-1-enc1');
      });

      it('believes the list if run-enclave starts the enclave and exits with an error', async () => {
        const body = await readFile(join(bin, 'nitro-cli'), 'utf8');
        await writeFile(join(bin, 'nitro-cli'), body.replace(`"i-1-enc1"}' ;;`, `"i-1-enc1"}'; exit 36 ;;`));
        const child = supervise();
        const { code, events } = await outcome(child, (event) => {
          if (event === 'enclave_running') child.kill('SIGTERM');
        });
        expect(code).toBe(0);
        expect(events).toMatchObject([
          { event: 'enclave_start_doubtful', level: 'warn', exitCode: 36 },
          { event: 'enclave_running' },
          { event: 'enclave_stopping' },
        ]);
      });

      it('terminates every enclave with the name and logs a failure if run-enclave exits with 0 and names no enclave', async () => {
        const body = await readFile(join(bin, 'nitro-cli'), 'utf8');
        await writeFile(join(bin, 'nitro-cli'), body.replace(`echo '{"EnclaveID":"i-1-enc1"}'`, 'echo started'));
        const { code, events, failures, calls } = await outcome(supervise());
        expect([code, failures]).toEqual([1, '1\n']);
        expect(events).toMatchObject([{ event: 'enclave_not_started', exitCode: 0 }]);
        expect(calls.trimEnd()).toMatch(/terminate-enclave --enclave-id i-1-enc1$/);
      });

      it('logs that an enclave cannot be terminated', async () => {
        const body = await readFile(join(bin, 'nitro-cli'), 'utf8');
        await writeFile(join(bin, 'nitro-cli'), body.replace('terminate-enclave) ', 'terminate-enclave) exit 11; '));
        const child = supervise();
        const { code, events } = await outcome(child, (event) => {
          if (event === 'enclave_running') child.kill('SIGTERM');
        });
        expect(code).toBe(0);
        expect(events.at(-1)).toMatchObject({ event: 'enclave_terminate_failed', id: 'i-1-enc1', exitCode: 11 });
      });

      it('terminates the enclave and counts a failure if a tool that the supervisor needs fails', async () => {
        const jq = (await run('bash', ['--norc', '-c', 'command -v jq'])).stdout.trim();
        await script('jq', `[[ ! -f ${home}/broken ]] || exit 5; exec ${jq} "$@"`);
        const child = supervise();
        const { code, events, failures, calls } = await outcome(child, (event) => {
          if (event === 'enclave_running') void writeFile(join(home, 'broken'), '');
        });
        expect(code).not.toBe(0);
        expect(failures).toBe('1\n');
        expect(events[0]).toMatchObject({ event: 'enclave_running' });
        expect(calls.trimEnd()).toMatch(/terminate-enclave --enclave-id i-1-enc1$/);
      });
    });

    it('terminates the enclave that a killed supervisor left, before it starts a new one', async () => {
      await writeFile(join(home, 'state'), 'RUNNING');
      const child = supervise();
      const { calls } = await outcome(child, (event) => {
        if (event === 'enclave_running') child.kill('SIGTERM');
      });
      expect(calls.indexOf('terminate-enclave')).toBeLessThan(calls.indexOf('run-enclave'));
    });
  });

  // bash ignores the exit code of a command inside a here-string or a process substitution, so a failed call would look like an empty answer.
  it('never read the output of a command only through a here-string or a process substitution', () => {
    const lost: string[] = [];
    for (const [path, { content }] of Object.entries({
      ...renderParentFiles(MANAGED),
      ...renderParentFiles(ON_PARENT),
    }))
      for (const line of content.startsWith('#!') ? content.split('\n') : [])
        if (/<<<\s*"?\$\(|< <\((?!compgen )/.test(line)) lost.push(`${path}: ${line}`);
    expect(lost).toEqual([]);
  });

  it.each([
    ['address-holder', []],
    ['attach-address', ['i-0me']],
    ['attach-data-volume', []],
    ['fetch-enclave-secrets', ['list.json', 'out']],
    ['fetch-object', ['bucket', 'key', '-', 'sha256sum', 'ab'.repeat(32), 'object']],
    ['fetch-secrets', ['list.json', 'out']],
    ['lifecycle-state', ['i-0me']],
  ])('%s fails if AWS refuses or sends an empty answer', async (name, args) => {
    await writeFile(
      join(bin, 'list.json'),
      JSON.stringify(name === 'fetch-secrets' ? { A: { arn: 'a' } } : { a: 'a' }),
    );
    await script('curl', 'echo i-0me');
    for (const body of ['echo "An error occurred (UnauthorizedOperation)" >&2; exit 254', 'exit 255', 'exit 0']) {
      if (body === 'exit 0' && ['attach-address', 'fetch-enclave-secrets'].includes(name)) continue;
      await script('aws', body);
      const ran = await run(join(programs, name), args, {
        cwd: bin,
        env: environment({
          ELASTIC_IP_ALLOCATION_ID: 'eipalloc-1',
          DATA_VOLUME_ID: 'vol-1',
          RUNTIME_DIRECTORY: bin,
          AWAITED_FILE: join(bin, 'awaited'),
        }),
      });
      expect([name, body, ran.code]).not.toEqual([name, body, 0]);
    }
  });

  it('record-end logs how a service ended, in a line of JSON', async () => {
    const { stdout } = await run(join(programs, 'record-end'), ['communique-gateway.service'], {
      env: environment({ SERVICE_RESULT: 'signal', EXIT_CODE: 'killed', EXIT_STATUS: 'KILL' }),
    });
    expect(JSON.parse(stdout)).toMatchObject({
      level: 'error',
      event: 'service_ended',
      unit: 'communique-gateway.service',
      result: 'signal',
      exitCode: 'killed',
      exitStatus: 'KILL',
    });
  });
});

describeWith(commandAvailability('openssl', 'openssl'), 'certificates', () => {
  beforeEach(() => script('chgrp', 'exit 0'));

  describe('certificate-end', () => {
    const NAME = 'communique.example.org';
    let made: string;
    beforeAll(async () => {
      made = await mkdtemp(join(folder.path, 'made-'));
      const { code, stderr } = await run(
        'bash',
        [
          '--norc',
          '-euc',
          `for key in ca one two; do openssl ecparam -name prime256v1 -genkey -noout -out $key.key; done
openssl req -x509 -new -key ca.key -subj /CN=an-issuer -days 90 -out ca.pem
openssl req -x509 -new -key one.key -subj /CN=itself -addext subjectAltName=DNS:${NAME} -days 20 -out itself.pem
openssl req -new -key one.key -subj /CN=x -out one.csr
signed() { openssl x509 -req -in one.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile <(echo "subjectAltName=DNS:$1") -out "$2" 2>/dev/null; }
signed ${NAME} good.pem
signed other.example.org other.pem
printf junk > junk.pem`,
        ],
        { cwd: made },
      );
      expect([code, stderr]).toEqual([0, '']);
    });
    const end = async (certificate: string, key: string) => {
      const ran = await run(join(programs, 'certificate-end'), [join(made, certificate), join(made, key)], {
        env: environment({ CERTIFICATE_NAME: NAME }),
      });
      expect([ran.code, ran.stderr]).toEqual([0, '']);
      return Number(ran.stdout);
    };

    it('prints the end time of a usable certificate', async () => {
      const days = ((await end('good.pem', 'one.key')) - Date.now() / 1000) / 86_400;
      expect(days).toBeGreaterThan(19.9);
      expect(days).toBeLessThan(20.1);
    });

    it.each([
      ['is for another name', 'other.pem', 'one.key'],
      ['has another key', 'good.pem', 'two.key'],
      ['is self-signed', 'itself.pem', 'one.key'],
      ['is no certificate', 'junk.pem', 'one.key'],
      ['has an invalid key', 'good.pem', 'junk.pem'],
      ['does not exist', 'absent.pem', 'one.key'],
    ])('prints 0 for a certificate that %s', async (_name, certificate, key) => {
      expect(await end(certificate, key)).toBe(0);
    });
  });

  it.each([22, 64, 65, 250])(
    'first-certificate makes one certificate for a name of %i characters, and keeps it',
    async (length) => {
      const tls = await mkdtemp(join(folder.path, 'tls-'));
      const env = environment({ FIRST_CERTIFICATE_DAYS: '7', CERTIFICATE_NAME: hostNameOf(length) });
      expect((await run(join(programs, 'first-certificate'), [tls], { env })).code).toBe(0);
      const made = await readFile(join(tls, 'fullchain.pem'), 'utf8');
      expect(new X509Certificate(made).checkHost(hostNameOf(length))).toBe(hostNameOf(length));
      expect((await stat(join(tls, 'privkey.pem'))).mode & 0o777).toBe(0o640);
      await run(join(programs, 'first-certificate'), [tls], { env });
      expect(await readFile(join(tls, 'fullchain.pem'), 'utf8')).toBe(made);
    },
  );
});
