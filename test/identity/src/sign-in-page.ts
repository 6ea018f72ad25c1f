import { createHash } from 'node:crypto';

/** A valid user name. It becomes the `sub` of the tokens. */
export const USER_NAME = /^[A-Za-z0-9._-]{1,64}$/;

const STYLE =
  'body{font:1.125rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:28rem;padding:0 1rem;color:#222;background:#fff}' +
  'label,input,button{display:block;font:inherit}input{width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #666}' +
  'button{margin-top:1rem;padding:.6rem 1.2rem;min-height:2.75rem}';

/** The headers of every page. There is no `form-action`, because a form may be redirected to the client's address. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; frame-ancestors 'none'`,
};

/** @param query the query of the authorization request, which the form sends again with the person's answer */
export function signInPage(query: string, problem?: string): string {
  return document(
    'Demo sign-in',
    `<p>This is not a real account. Any made-up user name will do, and there is no password.</p>
<form method="post" action="/authorize?${escape(query)}">
<label for="user">User name</label>
<input id="user" name="user" value="demo" list="users" required maxlength="64" pattern="[A-Za-z0-9._\\-]+" autocomplete="off" spellcheck="false"${problem === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"'}>
<datalist id="users"><option value="demo"><option value="alice"><option value="bob"></datalist>
${problem === undefined ? '' : `<p id="problem" role="alert">${escape(problem)}</p>\n`}<button name="answer" value="continue">Continue</button>
<button name="answer" value="cancel" formnovalidate>Cancel</button>
</form>`,
  );
}

export function problemPage(problem: string): string {
  return document('Sign-in is not possible', `<p>${escape(problem)}</p>`);
}

function document(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>
${body}
</main></body>
</html>
`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
