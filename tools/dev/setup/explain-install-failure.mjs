// Explains npm's error output: what failed and what to do.

/** @type {[RegExp, string][]} */
const ADVICE = [
  [
    /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|FETCH_ERROR|EIDLETIMEOUT|ENETUNREACH)$/,
    'The package registry could not be reached. Check the network and the proxy (npm config get registry, HTTPS_PROXY), then run the same command again: what was downloaded is kept.',
  ],
  [
    /^(E401|E403|ENEEDAUTH)$/,
    'The package registry refused the download. Check your npm credentials for it (npm config get registry, npm whoami).',
  ],
  [
    /^(E404|ETARGET)$/,
    'The package registry does not have this package in this version. A mirror may lag behind or leave it out: try the public registry (npm config get registry shows yours).',
  ],
  [/^E5\d\d$/, 'The package registry had an error of its own. Try again in a while.'],
  [
    /^EINTEGRITY$/,
    'What was downloaded is not what package-lock.json names. Empty the cache (npm cache clean --force) and try again. If it fails again, a proxy or mirror alters packages.',
  ],
  [
    /^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_HAS_EXPIRED|DEPTH_ZERO_SELF_SIGNED_CERT)$/,
    'The certificate of the package registry is not trusted here. Behind an inspecting proxy, give npm its CA (npm config set cafile, NODE_EXTRA_CA_CERTS).',
  ],
  [/^ENOSPC$/, 'The disk is full: an installation takes about 1.2 GB.'],
  [/^(EACCES|EPERM|EROFS)$/, 'The checkout cannot be written to. Check who owns it.'],
  [/^EUSAGE$/, 'package.json and package-lock.json do not agree: run npm install and commit the lockfile.'],
  [/^ENOENT$/, 'A file or program is missing; npm itself must be on PATH.'],
];

/**
 * @param {string} output everything npm ci printed
 * @returns {string} lines of text for a person
 */
export function explainFailure(output) {
  const lines = output.split('\n').map((line) => line.trimEnd());
  const errors = lines
    .filter((line) => /^npm (error|ERR!)/.test(line))
    .map((line) => line.replace(/^npm (error|ERR!) ?/, ''));
  const code = errors.map((line) => /^code (\S+)/.exec(line)?.[1]).find(Boolean);
  const script = errors.map((line) => /^path (.*)$/.exec(line)?.[1]).find(Boolean);
  const target = errors
    .map((line) => /\b(?:GET|request to|Not Found - GET) (https?:\/\/\S+)/.exec(line)?.[1])
    .find(Boolean);
  const what = [];
  if (target) what.push(`Failed: the download of ${packageOf(target)}${code ? ` (${code})` : ''}.`);
  else if (script && code && /^\d+$/.test(code)) what.push(`Failed: the install script in ${script} (exit ${code}).`);
  else if (code) what.push(`Failed with ${code}.`);
  const advice = ADVICE.find(([pattern]) => code !== undefined && pattern.test(code))?.[1];
  if (advice) what.push(advice);
  const details = (errors.length > 0 ? errors : lines).filter((line) => line.trim() !== '').slice(-15);
  if (details.length > 0) what.push('What npm said:', ...details.map((line) => `  ${line}`));
  return what.join('\n');
}

/** Returns `@scope/name (name-1.2.3.tgz)` for https://registry/@scope/name/-/name-1.2.3.tgz. */
function packageOf(url) {
  const { pathname } = new URL(url);
  const [name = '', file] = decodeURIComponent(pathname).split('/-/');
  const scoped = /(@[^/]+\/)?[^/]+$/.exec(name)?.[0] ?? name;
  return file ? `${scoped} (${file})` : scoped;
}
