import { PROBLEM_MEDIA_TYPE, PROBLEMS, problemDocument, type ProblemCode } from '@communique-tee/protocol';

/** For each status of nginx, the problem that the gateway would send. 494 (headers) is nginx's own code. */
const PAGES: Readonly<Record<string, ProblemCode>> = {
  '400': 'malformed_body',
  '408': 'request_timeout',
  '413': 'body_too_large',
  '414': 'uri_too_long',
  '429': 'rate_limited',
  '494': 'headers_too_large',
  '502 503': 'overloaded',
  '504': 'enclave_timeout',
};

/** nginx directives for these problems. The gateway's own answers stay unchanged (proxy_intercept_errors is off). */
export function problemPages(): string {
  return Object.entries(PAGES)
    .map(([statuses, code]) => {
      const { status } = PROBLEMS[code];
      const body = JSON.stringify(problemDocument(code, {}));
      if (/['$\\]/.test(body)) throw new Error(`the problem ${code} cannot be written into nginx's configuration`);
      const retry =
        status === 429 || status === 503
          ? '\n    add_header Retry-After 5 always;\n    add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;'
          : '';
      return `error_page ${statuses} =${String(status)} @${code};\nlocation @${code} {\n    default_type ${PROBLEM_MEDIA_TYPE};${retry}\n    return ${String(status)} '${body}';\n}`;
    })
    .join('\n');
}
