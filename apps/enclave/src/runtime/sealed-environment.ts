/**
 * Environment variables can make a process leak: they can preload a library, add a root certificate or name a proxy. So the enclave takes
 * no configuration from them. This module is the first import of every entry, so it runs before other code can read a variable. It stops
 * the start if a variable may already have affected this process, and deletes all others except NODE_ENV.
 */

/** Variables that Node, OpenSSL or the dynamic linker reads before the first line of our code runs. */
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
  // NODE_ENV stays, because the mock NSM refuses to run in production. Deleting the others also hides them from getenv (HOSTALIASES,
  // LOCALDOMAIN).
  if (name !== 'NODE_ENV') Reflect.deleteProperty(process.env, name);
}

export {};
