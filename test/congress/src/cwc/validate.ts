import type { Chamber } from '../chambers';
import { cwcGrammar, type Rule } from './grammar';
import { parseXml, XmlRefused, type XmlElement } from './parse';

export type CwcJudgement = { valid: true; deliveryId: string; office: string } | { valid: false; errors: string[] };

const MAX_ERRORS = 50;

/** Judges a document by the CWC 2.0 schema of one chamber. Errors name place and rule, never the value. */
export function judgeCwc(bytes: Uint8Array, chamber: Chamber): CwcJudgement {
  let root: XmlElement;
  try {
    root = parseXml(bytes);
  } catch (error) {
    if (error instanceof XmlRefused) return { valid: false, errors: [error.message] };
    throw error;
  }
  const errors: string[] = [];
  if (root.name !== 'CWC') errors.push('the root element is not CWC');
  else judge(root, cwcGrammar(chamber), 'CWC', errors);
  if (errors.length > 0) return { valid: false, errors: errors.slice(0, MAX_ERRORS) };
  return {
    valid: true,
    deliveryId: textAt(root, 'Delivery', 'DeliveryId'),
    office: textAt(root, 'Recipient', 'MemberOffice'),
  };
}

function textAt(root: XmlElement, ...names: string[]): string {
  let here: XmlElement | undefined = root;
  for (const name of names) here = here?.children.find((child) => child.name === name);
  return here?.text.trim() ?? '';
}

function judge(element: XmlElement, rule: Rule, place: string, errors: string[]): void {
  for (const fault of element.faults) errors.push(`${place}: ${fault}`);
  if (rule.kind === 'data') {
    if (element.children.length > 0) errors.push(`${place}: holds elements where text belongs`);
    const problem = rule.check(element.text);
    if (problem !== null) errors.push(`${place}: ${problem}`);
    return;
  }
  if (/[^ \t\r\n]/.test(element.text)) errors.push(`${place}: holds text between its elements`);
  if (rule.kind === 'sequence') judgeSequence(element, rule, place, errors);
  else judgeInterleave(element, rule, place, errors);
}

function judgeSequence(
  element: XmlElement,
  rule: Extract<Rule, { kind: 'sequence' }>,
  place: string,
  errors: string[],
): void {
  if (element.children.length > rule.children.length) errors.push(`${place}: has elements too many`);
  for (const [index, [name, inner]] of rule.children.entries()) {
    const child = element.children[index];
    if (child?.name === name) judge(child, inner, `${place}/${name}`, errors);
    else errors.push(`${place}: ${name} is missing at its place`);
  }
}

function judgeInterleave(
  element: XmlElement,
  rule: Extract<Rule, { kind: 'interleave' }>,
  place: string,
  errors: string[],
): void {
  const counts = new Map<string, number>();
  for (const child of element.children) {
    const known = Object.hasOwn(rule.children, child.name) ? rule.children[child.name] : undefined;
    if (!known) {
      errors.push(`${place}: an element that does not belong there`);
      continue;
    }
    counts.set(child.name, (counts.get(child.name) ?? 0) + 1);
    judge(child, known[1], `${place}/${child.name}`, errors);
  }
  for (const [name, [occurs]] of Object.entries(rule.children)) {
    const count = counts.get(name) ?? 0;
    if (count === 0 && (occurs === 'one' || occurs === 'oneOrMore')) errors.push(`${place}/${name}: is missing`);
    if (count > 1 && (occurs === 'one' || occurs === 'optional'))
      errors.push(`${place}/${name}: stands there more than once`);
  }
  if (rule.order) judgeOrder(element, rule.order, place, errors);
}

function judgeOrder(element: XmlElement, order: readonly string[], place: string, errors: string[]): void {
  const found = element.children.map(({ name }) => order.indexOf(name)).filter((at) => at >= 0);
  if (found.length === 0) errors.push(`${place}: needs one of ${order.join(', ')}`);
  if (found.some((at, index) => index > 0 && at < (found[index - 1] ?? 0)))
    errors.push(`${place}: ${order.join(' comes before ')}`);
}
