import { SaxesParser } from 'saxes';

/** An element without comments and processing instructions; CDATA is text. */
export interface XmlElement {
  name: string;
  /** All character data directly inside the element. */
  text: string;
  children: XmlElement[];
}

export const MAX_XML_DEPTH = 16;
export const MAX_XML_ELEMENTS = 1000;

/** The document is not XML 1.0 in UTF-8, has a DTD, or exceeds our limits. The message names the reason. */
export class XmlRefused extends Error {
  override readonly name = 'XmlRefused';
}

/**
 * @throws XmlRefused if the bytes are not well-formed XML 1.0 in UTF-8, contain a DTD or an entity other than XML's own, or have too deep
 * or too many elements
 */
export function parseXml(bytes: Uint8Array): XmlElement {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new XmlRefused('not UTF-8');
  }
  const parser = new SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const open: XmlElement[] = [];
  let root: XmlElement | null = null;
  let elements = 0;
  const addText = (more: string): void => {
    const here = open.at(-1);
    if (here) here.text += more;
  };
  parser.on('error', (error) => {
    throw new XmlRefused(`not well-formed: ${error.message.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200)}`);
  });
  parser.on('doctype', () => {
    throw new XmlRefused('contains a document type declaration');
  });
  parser.on('xmldecl', (declaration) => {
    if (declaration.version !== '1.0') throw new XmlRefused('not XML 1.0');
    if (declaration.encoding !== undefined && declaration.encoding.toLowerCase() !== 'utf-8')
      throw new XmlRefused('declared as other than UTF-8');
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('opentag', (tag) => {
    if (++elements > MAX_XML_ELEMENTS) throw new XmlRefused(`more than ${MAX_XML_ELEMENTS} elements`);
    if (open.length >= MAX_XML_DEPTH) throw new XmlRefused(`nested deeper than ${MAX_XML_DEPTH}`);
    const element: XmlElement = { name: tag.local, text: '', children: [] };
    const parent = open.at(-1);
    if (parent) parent.children.push(element);
    else root = element;
    open.push(element);
  });
  parser.on('closetag', () => open.pop());
  parser.write(text).close();
  // The cast is needed because TypeScript does not see the assignment inside the callback
  const found = root as XmlElement | null;
  if (!found) throw new XmlRefused('no element');
  return found;
}
