import { renderParentArchive } from './archive';
import { environmentFile } from './gateway-environment';
import type { ParentSettings } from './settings';

/** EC2's limit for user data, before base64. */
const MAX_USER_DATA_BYTES = 16 * 1024;

/** The packages of Amazon Linux 2023 to install. Node comes with the release. */
export function packagesOf({ https, database, redis }: ParentSettings): readonly string[] {
  return [
    ...['aws-nitro-enclaves-cli', 'awscli-2', 'jq', 'openssl', 'nginx', 'logrotate', 'amazon-cloudwatch-agent'],
    ...(https.by === 'certbot' ? ['certbot'] : []),
    ...(database.at === 'parent' ? ['postgresql17-server'] : []),
    ...(redis.at === 'parent' ? ['redis6'] : []),
  ];
}

/** Fetches the archive of renderParentArchive and checks it against the hash in bootstrap.env. */
const BOOTSTRAP = `#!/bin/bash
# cloud-init runs this once. It fetches the parent's files, checks them and runs their install script.
set -euo pipefail

. /etc/communique/bootstrap.env
export AWS_DEFAULT_REGION
archive=$(mktemp)
trap 'rm -f "$archive"' EXIT
fetched=
for attempt in 1 2 3 4 5 6; do
  if aws s3api get-object --bucket "$STORE_BUCKET" --key "$FILES_KEY" "$archive" >/dev/null; then
    fetched=yes
    break
  fi
  sleep $((attempt * 5))
done
if [[ -z $fetched ]]; then
  echo "s3://$STORE_BUCKET/$FILES_KEY could not be fetched: the parent's files are not here" >&2
  exit 1
fi
if ! sha256sum --status --check <<<"$FILES_SHA256  $archive"; then
  echo "the parent's files have another hash than expected" >&2
  exit 1
fi
tar -xf "$archive" -C / --no-same-owner --no-overwrite-dir
exec /usr/local/libexec/communique/install
`;

/**
 * The cloud-config for the launch template, not yet in base64. A change of any rendered file changes the hash in the cloud-config, and so
 * replaces the instance.
 * @throws ParentSettingsError
 */
export function renderUserData(settings: ParentSettings): string {
  const { key, sha256 } = renderParentArchive(settings);
  const bootstrap = environmentFile(
    { AWS_DEFAULT_REGION: settings.region, STORE_BUCKET: settings.storeBucket, FILES_KEY: key, FILES_SHA256: sha256 },
    'for the bootstrap',
  );
  // JSON is YAML.
  const text = `#cloud-config\n${JSON.stringify(
    {
      package_upgrade: false,
      packages: packagesOf(settings),
      ssh_pwauth: false,
      disable_root: true,
      write_files: [
        { path: '/etc/communique/bootstrap.env', permissions: '0644', owner: 'root:root', content: bootstrap },
        { path: '/usr/local/sbin/communique-bootstrap', permissions: '0755', owner: 'root:root', content: BOOTSTRAP },
      ],
      runcmd: [['/usr/local/sbin/communique-bootstrap']],
    },
    null,
    1,
  )}\n`;
  if (Buffer.byteLength(text) > MAX_USER_DATA_BYTES)
    throw new Error(
      `user data has ${String(Buffer.byteLength(text))} bytes, and EC2 takes ${String(MAX_USER_DATA_BYTES)}`,
    );
  return text;
}
