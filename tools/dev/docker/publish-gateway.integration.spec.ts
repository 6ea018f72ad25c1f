import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';

const TARGET = '123456789012.dkr.ecr.us-east-1.amazonaws.com/communique-tee-prod-gateway:abc';
const PINNED = `node:24-bookworm-slim@sha256:${'a'.repeat(64)}`;

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder('publish-gateway-');
  for (const name of ['docker', 'bin']) mkdirSync(folder.file(name));
  cpSync(join(workspaceRoot(), 'docker/publish-gateway.sh'), folder.file('docker/publish-gateway.sh'));
  standIn('aws', 'echo password');
  standIn(
    'docker',
    'echo "$*" >>"$LOG"; [ "$1" = login ] && cat >>"$LOG"; case "$1 $2" in "manifest inspect") exit "${ABSENT-1}" ;; esac',
  );
});
afterEach(() => folder.remove());

function standIn(name: string, script: string): void {
  writeFileSync(folder.file(`bin/${name}`), `#!/bin/sh\n${script}\n`);
  chmodSync(folder.file(`bin/${name}`), 0o755);
}

function publish(nodeImage: string, environment: Readonly<Record<string, string>> = {}, args = [TARGET]) {
  writeFileSync(folder.file('docker/base-images.env'), `NODE_IMAGE=${nodeImage}\n`);
  writeFileSync(folder.file('log'), '');
  const { status, stdout } = spawnSync('sh', [folder.file('docker/publish-gateway.sh'), ...args], {
    encoding: 'utf8',
    env: { ...environment, PATH: `${folder.file('bin')}:/usr/bin:/bin`, LOG: folder.file('log') },
  });
  return { status, stdout, calls: readFileSync(folder.file('log'), 'utf8').trimEnd().split('\n') };
}

describe('publish-gateway.sh', () => {
  it('builds for x86-64 from the pinned base image, and pushes', () => {
    expect(publish(PINNED)).toMatchObject({
      status: 0,
      calls: [
        'login --username AWS --password-stdin 123456789012.dkr.ecr.us-east-1.amazonaws.com',
        'password',
        `manifest inspect ${TARGET}`,
        `build --platform linux/amd64 --file docker/Dockerfile.gateway --target gateway --build-arg NODE_IMAGE=${PINNED} --tag ${TARGET} .`,
        `push ${TARGET}`,
      ],
    });
  });

  it('does not build or push a tag that exists', () => {
    const { status, calls } = publish(PINNED, { ABSENT: '0' });
    expect({ status, last: calls.at(-1) }).toEqual({ status: 0, last: `manifest inspect ${TARGET}` });
  });

  it('builds nothing if the base image has no digest, and says what to do', () => {
    expect(publish('node:24-bookworm-slim')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('sh docker/pin-base-images.sh') as unknown,
      calls: [''],
    });
  });

  it('fails if the build fails, and pushes nothing', () => {
    standIn('docker', 'echo "$*" >>"$LOG"; [ "$1" = login ]');
    const { status, calls } = publish(PINNED);
    expect(status).not.toBe(0);
    expect(calls.some((call) => call.startsWith('push'))).toBe(false);
  });

  it.each([[[]], [['--what']]])('exits with 2 if the target is missing: %j', (args) => {
    expect(publish(PINNED, {}, args).status).toBe(2);
  });
});
