// Finds the Debian mirror that the machine's own apt uses, because no file of this project may name a registry's host.
import { spawnSync } from 'node:child_process';

import { SetupError } from './setup-error';

/** The addresses of Debian's archive and of its security team's archive, without a slash at the end. */
export interface Mirror {
  readonly main: string;
  readonly security: string;
}

const DEBIAN_SUITES = /^(bookworm|trixie|forky|sid|stable|oldstable|testing|unstable)(-updates|-backports)?$/;

/** Reads lines of `apt-get indextargets`: "<repository> <release>". */
export function mirrorFromTargets(targets: string): Partial<Mirror> {
  const found: { main?: string; security?: string } = {};
  for (const line of targets.split('\n')) {
    const [uri, release] = line.trim().split(/\s+/);
    if (!uri || !release) continue;
    const repository = uri.replace(/\/+$/, '');
    if (DEBIAN_SUITES.test(release)) found.main ??= repository;
    else if (release.endsWith('-security')) found.security ??= repository;
  }
  return found;
}

/**
 * Returns COMMUNIQUE_DEBIAN_MIRROR and COMMUNIQUE_DEBIAN_SECURITY_MIRROR. If one is not set, apt's configuration decides.
 *
 * @throws SetupError no_mirror
 */
export function findMirror(env: NodeJS.ProcessEnv = process.env): Mirror {
  const asked = spawnSync('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const configured = mirrorFromTargets(asked.status === 0 ? asked.stdout : '');
  const main = env['COMMUNIQUE_DEBIAN_MIRROR']?.replace(/\/+$/, '') || configured.main;
  if (!main) {
    throw new SetupError(
      'no_mirror',
      "no Debian mirror: this machine's apt is not configured with one. Set COMMUNIQUE_DEBIAN_MIRROR (and COMMUNIQUE_DEBIAN_SECURITY_MIRROR) to the address of one.",
    );
  }
  return {
    main,
    security:
      env['COMMUNIQUE_DEBIAN_SECURITY_MIRROR']?.replace(/\/+$/, '') || configured.security || `${main}-security`,
  };
}

export const archiveOf = (mirror: Mirror, suite: string): string =>
  suite.endsWith('-security') ? mirror.security : mirror.main;
