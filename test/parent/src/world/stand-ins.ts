import type { SystemFiles } from '../machine/files';
import { DNF, PACKAGES, RESERVED } from './packages';

const text = (...lines: string[]) => ({ content: `${lines.join('\n')}\n`, mode: 0o644 });

/** The configuration of cloud-init as on Amazon Linux 2023, with its modules and dnf. Only the data source differs: it is a folder. */
const CLOUD_CONFIG = `disable_root: true
preserve_hostname: true
manage_etc_hosts: false
datasource_list: [NoCloud]
network: {config: disabled}
cloud_init_modules: [migrator, bootcmd, write-files]
cloud_config_modules: [timezone, runcmd]
cloud_final_modules: [package-update-upgrade-install, write-files-deferred, scripts-vendor, scripts-per-once, scripts-per-boot, scripts-per-instance, scripts-user, final-message]
system_info: {distro: amazon}
output: {all: '| tee -a /var/log/cloud-init-output.log'}
`;

/** With this pause systemd never gives up, because it stays below the limit of five starts in ten seconds. */
const RESTART = 'RestartSec=3';

export interface StandInOptions {
  readonly instance: string;
  readonly userData: string;
  /** The names that the machine's DNS would resolve, with their addresses. */
  readonly hosts: Readonly<Record<string, string>>;
  /** The authorities that the machine's programs trust, in PEM. */
  readonly authorities: string;
  /** The rendered files of the egress proxies. */
  readonly egress: Readonly<Record<string, string>>;
}

/**
 * Returns the machine's files that come neither from Debian nor from the parent's rendered files: the commands `dnf`, `aws` and `nitro-cli`,
 * host names, udev's links to the volume, and shorter times. Each change of a unit is a drop-in `90-stand-in.conf`.
 */
export function standIns(options: StandInOptions): SystemFiles {
  const dropIn = (unit: string, ...lines: string[]) => ({
    [`/etc/systemd/system/${unit}.d/90-stand-in.conf`]: text(...lines),
  });
  const sockets = ['[Service]', 'ReadWritePaths=/srv/world/vsock'];
  return {
    '/etc/cloud/cloud.cfg': text(CLOUD_CONFIG),
    '/var/lib/cloud/seed/nocloud/meta-data': text(`instance-id: ${options.instance}`),
    '/var/lib/cloud/seed/nocloud/user-data': { content: options.userData, mode: 0o600 },
    '/etc/hosts': text(
      '127.0.0.1 localhost',
      ...Object.entries(options.hosts).map(([name, address]) => `${address} ${name}`),
    ),
    '/etc/ssl/certs/ca-certificates.crt': text(options.authorities),
    '/usr/local/bin/udevadm': { link: '/usr/bin/true' },
    '/usr/bin/dnf': { content: DNF, mode: 0o755 },
    ...Object.fromEntries(
      Object.entries(PACKAGES).flatMap(([name, files]) => [
        [`/srv/packages/${name}/.package`, text(name)],
        ...Object.entries(files).map(([path, file]) => [`/srv/packages/${name}${path}`, file] as const),
      ]),
    ),
    // udev does not run in a container. This unit makes udev's links to the attached volume: by id, and by label once the volume has a file
    // system.
    '/etc/systemd/system/stand-in-udev.service': text(
      '[Unit]',
      'DefaultDependencies=no',
      '[Service]',
      'ExecStart=/usr/local/bin/stand-in-udev',
    ),
    '/etc/systemd/system/sysinit.target.wants/stand-in-udev.service': {
      link: '/etc/systemd/system/stand-in-udev.service',
    },
    '/usr/local/bin/stand-in-udev': {
      content: `#!/bin/bash
id=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0 label=/dev/disk/by-label/communique-data
mkdir -p /dev/disk/by-id /dev/disk/by-label
while sleep 0.2; do
  if [[ -e /srv/world/volume-attached ]]; then
    [[ -e $id ]] || ln -s /dev/data-volume "$id"
    [[ -e $label || $(blkid -p -s LABEL -o value /dev/data-volume) != communique-data ]] || ln -s /dev/data-volume "$label"
  else
    rm -f "$id" "$label"
  fi
done
`,
      mode: 0o755,
    },
    // The computer of the test has no reserved huge pages and processors, so the unit reads made-up ones.
    ...dropIn('communique-enclave-memory.service', '[Service]', `Environment=SYSFS=${RESERVED}`),
    // A container shows its host's uptime.
    ...dropIn(
      'communique-attested.service',
      '[Service]',
      'Environment=UPTIME_FILE=/srv/uptime PAUSE_SECONDS=1',
      RESTART,
    ),
    '/srv/uptime': text('60.00 60.00'),
    ...dropIn('communique-address.service', '[Service]', 'Environment=PAUSE_SECONDS=1', RESTART),
    ...dropIn('communique-data-volume.service', '[Service]', RESTART, 'Environment=TRIES=20 PAUSE_SECONDS=0.5'),
    ...dropIn('communique-secrets.service', '[Service]', RESTART),
    ...dropIn('communique-kept-certificate.service', '[Service]', RESTART),
    ...dropIn('communique-enclave.service', '[Service]', 'Environment=WATCH_SECONDS=1'),
    // certbot must trust the authority of the issuer, which is a test server.
    ...dropIn('communique-acme.service', '[Service]', 'Environment=REQUESTS_CA_BUNDLE=/srv/world/issuer.pem'),
    // vsock: a unix socket for each port, as in test/lab, because this kernel may have no vsock.
    ...dropIn('communique-egress@.service', ...sockets, 'BindReadOnlyPaths=/srv/egress:/etc/communique/egress'),
    ...Object.fromEntries(
      Object.entries(options.egress).map(([name, content]) => [
        `/srv/egress/${name}`,
        { content: content.replace('"vsock:', '"hybrid:/srv/world/vsock/parent:'), mode: 0o644 },
      ]),
    ),
    ...dropIn(
      'communique-enclave-log.service',
      ...sockets,
      'ExecStart=',
      'ExecStart=/opt/communique/current/bin/node --disable-sigusr1 /opt/communique/current/parent/main.js log-collector --listen hybrid:/srv/world/vsock/parent:9001',
    ),
    ...dropIn('communique-gateway.service', '[Service]', 'EnvironmentFile=/srv/world/gateway.env'),
  };
}
