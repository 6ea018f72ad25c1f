import type { SystemFiles } from '../machine/files';
import { AWS_COMMAND } from './aws';
import { NITRO_CLI } from './hypervisor';

const text = (...lines: string[]) => ({ content: `${lines.join('\n')}\n`, mode: 0o644 });
const program = (content: string) => ({ content, mode: 0o755 });
/** A link from Amazon Linux's path to Debian's program. */
const link = (to: string) => ({ link: to });

/** The folder in place of /sys, with the huge pages and processors that the allocator has reserved. */
export const RESERVED = '/srv/reserved';

/**
 * The files of each Amazon Linux 2023 package, by package name. The machine already has Debian's programs. A package adds links to them if
 * the paths differ, and nothing if they are the same. `dnf` does not find a package that is missing here.
 */
export const PACKAGES: Readonly<Record<string, SystemFiles>> = {
  'aws-nitro-enclaves-cli': {
    '/usr/bin/nitro-cli': program(NITRO_CLI),
    '/usr/lib/systemd/system/nitro-enclaves-allocator.service': text(
      '[Service]',
      'Type=oneshot',
      `ExecStart=/bin/mkdir -p ${RESERVED}/devices/system/node/node0/hugepages/hugepages-1048576kB ${RESERVED}/module/nitro_enclaves/parameters`,
      // 8 huge pages of 1 GiB, and processors: more than each stack's enclave needs.
      `ExecStart=/bin/sh -c "echo 8 > ${RESERVED}/devices/system/node/node0/hugepages/hugepages-1048576kB/nr_hugepages"`,
      `ExecStart=/bin/sh -c "echo 1-4 > ${RESERVED}/module/nitro_enclaves/parameters/ne_cpus"`,
      '[Install]',
      'WantedBy=multi-user.target',
    ),
  },
  'awscli-2': { '/usr/bin/aws': program(AWS_COMMAND) },
  'amazon-cloudwatch-agent': {
    '/etc/sysusers.d/amazon-cloudwatch-agent.conf': text('g cwagent -', 'u cwagent - "the agent of CloudWatch"'),
    '/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl': program('#!/bin/sh\nexit 0\n'),
    '/usr/lib/systemd/system/amazon-cloudwatch-agent.service': text(
      '[Service]',
      'ExecStart=/usr/bin/sleep infinity',
      '[Install]',
      'WantedBy=multi-user.target',
    ),
  },
  'postgresql17-server': Object.fromEntries(
    ['postgres', 'initdb', 'pg_isready', 'psql'].map((name) => [
      `/usr/bin/${name}`,
      link(`/usr/lib/postgresql/15/bin/${name}`),
    ]),
  ),
  redis6: { '/usr/bin/redis6-server': link('/usr/bin/redis-server') },
  ...Object.fromEntries(['jq', 'openssl', 'nginx', 'logrotate', 'certbot'].map((name) => [name, {}])),
};

/** The machine's `dnf`: copies the files of `PACKAGES`. */
export const DNF = `#!/bin/bash
set -euo pipefail
[[ $1 == -y ]] && shift
[[ $1 == install ]] || { echo "dnf: $1 is not known to this stand-in" >&2 && exit 2; }
shift
for name; do
  [[ -d /srv/packages/$name ]] || { echo "No match for argument: $name" >&2 && exit 1; }
done
for name; do
  cp -a "/srv/packages/$name/." /
  echo "$name" >>/srv/installed-packages
done
systemd-sysusers
systemctl daemon-reload
`;
