import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { renderParentArchive, renderUserData, type ParentSettings } from '../index';
import { bootSystem, type BootedSystem, type SystemFiles } from './booted-system';
import { stage } from './stage';

/** Where the stand-ins of AWS keep what they answer with. */
export const STAND_INS = '/srv/stand-ins';

const program = (body: string) => ({ content: `#!/bin/bash\nset -eu\n${body}\n`, mode: 0o755 });
const unit = (...lines: string[]) => ({ content: `${lines.join('\n')}\n`, mode: 0o644 });

/**
 * What Amazon Linux 2023, its packages and AWS bring, as stand-ins: users, units, nitro-cli, the AWS CLI, the metadata service, and the
 * programs of PostgreSQL and Redis. nginx, logrotate, jq, openssl and systemd are the machine's own.
 */
function standIns(pcr0: string): SystemFiles {
  return {
    '/etc/sysusers.d/stand-ins.conf': unit(
      'g cwagent -',
      'u cwagent - "of the package amazon-cloudwatch-agent"',
      'u postgres - "of the package postgresql17-server"',
      'g adm 4',
    ),
    '/usr/lib/systemd/system/amazon-cloudwatch-agent.service': unit(
      '[Service]',
      'ExecStart=/usr/bin/sleep infinity',
      '[Install]',
      'WantedBy=multi-user.target',
    ),
    '/usr/lib/systemd/system/nitro-enclaves-allocator.service': unit(
      '[Service]',
      'Type=oneshot',
      'ExecStart=/usr/bin/true',
      '[Install]',
      'WantedBy=multi-user.target',
    ),
    '/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl': program('exit 0'),
    // The container has neither the enclave's device nor memory for it, and no disks.
    '/etc/systemd/system/communique-enclave-memory.service.d/90-stand-in.conf': unit(
      '[Service]',
      'ExecStart=',
      'ExecStart=/usr/bin/echo reserved',
    ),
    '/etc/systemd/system/srv-communique.mount.d/90-stand-in.conf': unit(
      '[Mount]',
      'What=tmpfs',
      'Type=tmpfs',
      'Options=',
    ),
    '/etc/systemd/system/communique-data-volume.service.d/90-stand-in.conf': unit(
      '[Service]',
      'RestartSec=1',
      `Environment=DISKS=${STAND_INS}/disk`,
      'Environment=TRIES=3',
      'Environment=PAUSE_SECONDS=0.2',
    ),
    '/etc/systemd/system/communique-secrets.service.d/90-stand-in.conf': unit('[Service]', 'RestartSec=1'),
    '/etc/systemd/system/communique-kept-certificate.service.d/90-stand-in.conf': unit(
      '[Service]',
      'RestartSec=1',
      `ReadWritePaths=${STAND_INS}`,
    ),
    // A container shows its host's uptime.
    '/etc/systemd/system/communique-attested.service.d/90-stand-in.conf': unit(
      '[Service]',
      `Environment=UPTIME_FILE=${STAND_INS}/uptime`,
    ),
    [`${STAND_INS}/uptime`]: unit('60.00 60.00'),
    [`${STAND_INS}/disk/by-label/communique-data`]: unit('a disk'),
    [`${STAND_INS}/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0`]: unit('a disk'),
    '/usr/local/bin/blkid': program('echo LABEL=communique-data'),
    // As src/common/logger.rs of AWS's CLI does: appends, and lets any user write.
    '/usr/local/bin/nitro-cli': program(`log=/var/log/nitro_enclaves/nitro_enclaves.log
echo "[nitro-cli] $1" >> "$log"
[[ ! -O $log ]] || chmod 0766 "$log"
case $1 in
  describe-eif) echo '{"Measurements":{"PCR0":"${pcr0}"}}' ;;
  run-enclave) touch $RUNTIME_DIRECTORY/runs; echo '{"EnclaveID":"i-1-enc1"}' ;;
  describe-enclaves) if [[ -e $RUNTIME_DIRECTORY/runs ]]; then echo '[{"EnclaveName":"communique","EnclaveID":"i-1-enc1","State":"RUNNING","Flags":"NONE","Measurements":{"PCR0":"${pcr0}"}}]'; else echo '[]'; fi ;;
  terminate-enclave) rm -f $RUNTIME_DIRECTORY/runs; echo '{}' ;;
esac`),
    '/usr/local/bin/aws': program(`refused() { echo "An error occurred (UnauthorizedOperation)" >&2; exit 254; }
[[ ! -e ${STAND_INS}/refused/$2 ]] || refused
case $2 in
  get-object) for ((n = 1; n <= $#; n++)); do [[ \${!n} != --key ]] || { n=$((n + 1)); key=\${!n}; }; done; cp "${STAND_INS}/store/$key" "\${!#}"; echo '{}' ;;
  describe-volumes) echo '{"Volumes":[{"State":"in-use","Attachments":[{"InstanceId":"i-0me","State":"attached"}]}]}' ;;
  describe-auto-scaling-instances) echo '{"AutoScalingInstances":[{"LifecycleState":"InService"}]}' ;;
  describe-addresses) echo '{"Addresses":[{"PublicIp":"203.0.113.5","InstanceId":"i-0me"}]}' ;;
  get-secret-value) secret=${STAND_INS}/secrets/\${4##*:}
    [[ -e $secret ]] || { echo "An error occurred (ResourceNotFoundException)" >&2; exit 254; }
    jq -n --rawfile value "$secret" '{SecretString: $value}' ;;
  put-secret-value) mkdir -p "${STAND_INS}/secrets/$(dirname "\${4##*:}")"; cp "\${6#file://}" "${STAND_INS}/secrets/\${4##*:}"; echo '{}' ;;
  *) refused ;;
esac`),
    '/usr/local/bin/curl': program(
      'case "$*" in *api/token*) echo token ;; *instance-id*) echo i-0me ;; *) exec /usr/bin/curl "$@" ;; esac',
    ),
    '/usr/bin/postgres': program('echo "LOG: ready"; exec sleep infinity'),
    '/usr/bin/redis6-server': program('echo ready; exec sleep infinity'),
    '/usr/bin/psql': program('exit 0'),
    '/usr/local/bin/initdb': program('mkdir "$2"; echo 17 > "$2/PG_VERSION"'),
    '/usr/local/bin/pg_isready': program('exit 0'),
  };
}

/** The programs of the release: whatever Node is asked to run writes a line and goes on, but migrations, which end. */
async function release(): Promise<{ sha256: string; bytes: Buffer }> {
  await using folder = await temporaryFolder('stand-in-release');
  const root = folder.file('release');
  await mkdir(root);
  await stage(
    {
      '/bin/node': {
        ...program('echo "{\\"event\\":\\"started\\"}"; case "$*" in *migrate*) ;; *) exec sleep infinity ;; esac'),
        owner: 'root:root',
      },
    },
    root,
  );
  const file = join(folder.path, 'release.tar.gz');
  execFileSync('tar', ['-C', root, '-czf', file, '.']);
  const bytes = await readFile(file);
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes };
}

/**
 * A parent as user data makes it: the real bootstrap fetches the real archive, `install` runs, systemd starts every unit.
 * @throws Error where the bootstrap fails
 */
export async function bootParent(
  settings: ParentSettings,
  more: SystemFiles = {},
): Promise<BootedSystem & { readonly settings: ParentSettings }> {
  const { sha256, bytes } = await release();
  const image = 'the image';
  const installed: ParentSettings = {
    ...settings,
    image: { ...settings.image, sha384: createHash('sha384').update(image).digest('hex') },
    release: { key: 'releases/stand-in.tar.gz', sha256 },
  };
  const archive = renderParentArchive(installed);
  const userData = JSON.parse(renderUserData(installed).replace('#cloud-config\n', '')) as {
    write_files: { path: string; permissions: string; content: string }[];
    runcmd: string[][];
  };
  const system = await bootSystem({
    ...standIns(settings.image.pcr0),
    [`${STAND_INS}/store/${settings.image.key}`]: { content: image, mode: 0o644 },
    [`${STAND_INS}/store/${archive.key}`]: { content: archive.bytes, mode: 0o644 },
    [`${STAND_INS}/store/${installed.release.key}`]: { content: bytes, mode: 0o644 },
    ...Object.fromEntries(
      userData.write_files.map(({ path, permissions, content }) => [
        path,
        { content, mode: Number.parseInt(permissions, 8) },
      ]),
    ),
    ...more,
  });
  try {
    const made = await system.sh(`set -euo pipefail
systemd-sysusers
# cloud-init makes the file that its output goes to with this umask, for the group adm.
(umask 037; touch /var/log/cloud-init-output.log; chgrp adm /var/log/cloud-init-output.log)
${userData.runcmd.map((command) => command.join(' ')).join('\n')} >> /var/log/cloud-init-output.log 2>&1`);
    if (made.code !== 0)
      throw new Error(
        `the bootstrap failed: ${made.stderr}${(await system.sh('cat /var/log/cloud-init-output.log')).stdout}`,
      );
  } catch (error) {
    await system[Symbol.asyncDispose]();
    throw error;
  }
  return { ...system, settings: installed };
}
