const SECRET_NAME = /passw|secret|token|credential|apikey|(^|[_.-])(key|dsn|auth)([_.-]|$)/i;
/** Matches names of variables that look like names of secrets, but whose value is a path or a type. */
const NAMES_A_PLACE = /_(file|path|dir|folder|type|sock)$/i;
const SHORTEST = 6;
const REMOVED = '<hidden>';

/** Forms of secrets that are always removed. */
const FORMS: readonly RegExp[] = [
  /\b(?:AKIA|ASIA)[A-Z0-9]{12,}/g,
  /\bsk-[A-Za-z0-9_-]{8,}/g,
  /\bAIza[A-Za-z0-9_-]{16,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g,
  /\bAQICAH[A-Za-z0-9+/=]{16,}/g,
  /(?<=[?&](?:api_?key|key|token|password|x-amz-[a-z-]+)=)[^&\s"']+/gi,
  /(?<=:\/\/)[^/\s@]*@/g,
];

/** Removes secrets from all output. It is a second defense, because checks do not print secrets. */
export class Redactor {
  readonly #secrets = new Set<string>();

  /**
   * Adds a secret and its other spellings (percent-encoded, JSON, base64). Ignores texts of fewer than 6 characters, because they would
   * match ordinary words.
   */
  add(value: string | undefined): void {
    if (value === undefined || value.length < SHORTEST) return;
    const spellings = [
      value,
      encodeURIComponent(value),
      decoded(value),
      JSON.stringify(value).slice(1, -1),
      Buffer.from(value, 'utf8').toString('base64'),
    ];
    for (const spelling of spellings) if (spelling.length >= SHORTEST) this.#secrets.add(spelling);
  }

  /** Adds an environment's variables that are named like secrets, and passwords inside URLs. */
  addEnvironment(env: Readonly<Record<string, string | undefined>>): void {
    for (const [name, value] of Object.entries(env)) {
      if (value === undefined) continue;
      if (SECRET_NAME.test(name) && !NAMES_A_PLACE.test(name)) this.add(value);
      this.addUrl(value);
    }
  }

  /** Adds the password and the secret parameters of a URL. Works without a URL parser, because an invalid URL can contain a secret too. */
  addUrl(text: string): void {
    const userInfo = /^[a-z][a-z0-9+.-]*:\/\/(.*)@/is.exec(text)?.[1];
    if (userInfo !== undefined) {
      const at = userInfo.indexOf(':');
      if (at >= 0) this.add(userInfo.slice(at + 1));
    }
    for (const [, name = '', value] of text.matchAll(/[?&]([^=&#]+)=([^&#]*)/g))
      if (SECRET_NAME.test(name)) this.add(value);
  }

  clean(text: string): string {
    let cleaned = text;
    for (const secret of [...this.#secrets].sort((a, b) => b.length - a.length))
      cleaned = cleaned.replaceAll(secret, REMOVED);
    for (const form of FORMS) cleaned = cleaned.replaceAll(form, form.source.endsWith('@') ? `${REMOVED}@` : REMOVED);
    return printable(cleaned);
  }
}

/** Replaces control characters, because text from outside must not move the terminal's cursor. */
const printable = (text: string): string =>
  text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?');

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
