import { Redactor } from '../preflight/redactor';
import type { Facts } from './step';

const HIDDEN = '<hidden>';

/** Text that identifies an account, a machine or a person. */
const FORMS: readonly RegExp[] = [
  /\barn:[a-z-]+:[^\s"',]*/g,
  /\b\d{12}\b/g,
  /\b\d{1,3}(?:\.\d{1,3}){3}\b/g,
  /\b(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}\b/gi,
  /\b(?:i|vol|eni|eipalloc|eipassoc|subnet|vpc|sg|ami|snap|key)-[0-9a-f]{8,}\b/g,
  /[^\s@"'<>]+@[^\s@"'<>]+\.[a-z]{2,}/gi,
  /-----BEGIN [A-Z ]+-----[^]*?(?:-----END [A-Z ]+-----|$)/g,
];

/** Removes secrets and identifying text from the report. It is a second defense: steps repeat only short checked words of an answer. */
export class ReportRedactor {
  readonly #secrets = new Redactor();

  constructor(env: Readonly<Record<string, string | undefined>>, domain: string) {
    this.#secrets.addEnvironment(env);
    this.#secrets.add(domain);
  }

  addFacts(facts: Facts): void {
    for (const [name, value] of Object.entries(facts)) if (name !== 'CUSTODY') this.#secrets.add(value);
  }

  clean(text: string): string {
    return FORMS.reduce((rest, form) => rest.replaceAll(form, HIDDEN), this.#secrets.clean(text));
  }
}
