/**
 * A process's environment can make it leak: a preloaded library, an added root certificate, a named proxy. So the
 * enclave uses no variable. This module is the first import of every entry, before any code could read one: it stops
 * the start on variables that may already have acted on this process, and deletes all others.
 */

/** Read by Node, OpenSSL or the dynamic linker before the first line of ours runs. */
const ACTED_ALREADY = /^(NODE_(?!ENV$)|OPENSSL_|SSL_CERT_|LD_|GLIBC_TUNABLES$|GCONV_PATH$|UV_|ELECTRON_)/;

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIGURATION = 78;

const refused = Object.keys(process.env).filter((name) => ACTED_ALREADY.test(name));
if (refused.length > 0) {
  process.stderr.write(
    `${JSON.stringify({ level: 'fatal', event: 'environment_refused', variables: refused })}\n` +
      'The enclave takes nothing from its environment: start it with an empty one (env -i node main.js).\n',
  );
  process.exit(EXIT_CONFIGURATION);
}
for (const name of Object.keys(process.env)) {
  // The mock NSM looks at NODE_ENV to refuse production; unsetting also hides the rest from getenv (HOSTALIASES, LOCALDOMAIN)
  if (name !== 'NODE_ENV') Reflect.deleteProperty(process.env, name);
}

export {};
