import { parseXml, type XmlElement } from '../cwc/parse';
import { escapeXml } from '../http/body';

export interface Mutation {
  what: string;
  xml: string;
}

/** Returns copies of a valid document, each with one change. A few copies are still valid. */
export function mutationsOf(valid: string): Mutation[] {
  const mutations: Mutation[] = [];
  const count = walk(parse(valid)).length;
  for (let index = 0; index < count; index++) {
    for (const [name, change] of Object.entries(CHANGES)) {
      const root = parse(valid);
      const place = walk(root)[index];
      if (place && change(place)) mutations.push({ what: `${place.element.name}: ${name}`, xml: write(root) });
    }
  }
  return mutations;
}

interface Place {
  element: XmlElement;
  parent: XmlElement | null;
}

/** Changes the document at this place. Returns false if the change does not apply there. */
type Change = (place: Place) => boolean;

const leaf =
  (value: (text: string) => string): Change =>
  ({ element }) => {
    if (element.children.length > 0 || element.name === 'Bill') return false;
    const changed = value(element.text);
    if (changed === element.text) return false;
    element.text = changed;
    return true;
  };

const inParent =
  (change: (siblings: XmlElement[], at: number) => boolean): Change =>
  ({ element, parent }) =>
    parent !== null && change(parent.children, parent.children.indexOf(element));

const CHANGES: Record<string, Change> = {
  'left out': inParent((siblings, at) => siblings.splice(at, 1).length > 0),
  twice: inParent((siblings, at) => siblings.splice(at, 0, structuredClone(siblings[at]) as XmlElement).length === 0),
  'after its neighbor': inParent((siblings, at) => {
    const [moved, next] = [siblings[at], siblings[at + 1]];
    if (!moved || !next) return false;
    siblings.splice(at, 2, next, moved);
    return true;
  }),
  'to the end': inParent((siblings, at) => {
    siblings.push(...siblings.splice(at, 1));
    return true;
  }),
  renamed: ({ element }) => ((element.name = `${element.name}X`), true),
  'in lower case': ({ element }) => ((element.name = element.name.toLowerCase()), true),
  'with a stranger inside': ({ element }) => element.children.push({ name: 'Stranger', text: 'x', children: [] }) > 0,
  'with its like inside': ({ element }) =>
    element.children.push({ name: element.name, text: element.text, children: [] }) > 0,
  'with an attribute': ({ element }) => ((element.name += ' a="b"'), true),
  'in a namespace': ({ element }) => ((element.name += ' xmlns="urn:x"'), true),
  'declaring a prefix': ({ element }) => ((element.name += ' xmlns:x="urn:x"'), true),
  'stray text': ({ element }) => element.children.length > 0 && ((element.text += 'stray'), true),
  empty: leaf(() => ''),
  'white space only': leaf(() => ' \t\n '),
  padded: leaf((text) => `\n  ${text}\t `),
  'spaces doubled': leaf((text) => text.replaceAll(' ', '  ')),
  'one character': leaf(() => 'x'),
  'two wide characters': leaf(() => '\u{1f5fd}\u{1f5fd}'),
  'five characters': leaf(() => 'abcde'),
  'six wide characters': leaf(() => '\u{1f5fd}'.repeat(6)),
  '500 characters': leaf(() => 'é'.repeat(500)),
  '501 characters': leaf(() => 'é'.repeat(501)),
  '10000 characters': leaf(() => 'x'.repeat(10_000)),
  '10001 characters': leaf(() => 'x'.repeat(10_001)),
  'last character lost': leaf((text) => text.slice(0, -1)),
  'a digit more': leaf((text) => `${text}1`),
  'other case': leaf((text) =>
    text.replace(/[a-z]/gi, (letter) =>
      letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
    ),
  ),
  zero: leaf(() => '0'),
  'minus one': leaf(() => '-1'),
  'plus seven': leaf(() => '+7'),
  'a fraction': leaf(() => '1.5'),
  'no address': leaf(() => 'a@b'),
  'two at signs': leaf(() => 'a@b@c.d'),
  'at sign first': leaf(() => '@b.c'),
  'escape broken': leaf(() => 'https://example.org/%zz'),
  'two fragments': leaf(() => 'https://example.org/#a#b'),
  'brackets in a path': leaf(() => 'https://example.org/[a]'),
  'beyond ASCII': leaf(() => 'https://example.org/é?ü'),
  'port of letters': leaf(() => 'https://example.org:port/'),
  'no scheme': leaf(() => ':nothing'),
};

function parse(xml: string): XmlElement {
  return parseXml(new TextEncoder().encode(xml));
}

function walk(element: XmlElement, parent: XmlElement | null = null): Place[] {
  return [{ element, parent }, ...element.children.flatMap((child) => walk(child, element))];
}

function write({ name, text, children }: XmlElement): string {
  return `<${name}>${escapeXml(text)}${children.map(write).join('')}</${name.split(' ')[0] ?? ''}>`;
}
