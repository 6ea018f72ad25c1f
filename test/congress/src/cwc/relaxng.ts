import type { ErrorDetail } from 'libxml2-wasm';
import { loadLibxml2 } from './libxml2.cjs';

/** What libxml2 finds in a document. The messages in `problems` may quote the document. */
export type RelaxNgResult = { parsed: false } | { parsed: true; valid: boolean; problems: readonly ErrorDetail[] };

export interface RelaxNgSchema {
  /** The names of all elements in the schema. */
  elementNames: ReadonlySet<string>;
  /** @throws Error if libxml2 itself fails */
  validate(xml: Uint8Array): RelaxNgResult;
}

/** Compiles a RELAX NG schema, which stays in WebAssembly memory until the process ends. */
export async function compileRelaxNg(schema: string): Promise<RelaxNgSchema> {
  const { ParseOption, RelaxNGValidator, XmlAttribute, XmlDocument, XmlParseError, XmlValidateError } =
    await loadLibxml2();
  const option = ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET;
  const source = XmlDocument.fromString(schema, { option });
  const names = source.find('//r:element/@name', { r: 'http://relaxng.org/ns/structure/1.0' });
  const elementNames = new Set(names.map((name) => (name instanceof XmlAttribute ? name.value : '')));
  const validator = RelaxNGValidator.fromDoc(source);
  source.dispose();

  const parse = (xml: Uint8Array) => {
    try {
      return XmlDocument.fromBuffer(xml, { option });
    } catch (error) {
      if (error instanceof XmlParseError) return null;
      throw error;
    }
  };
  return {
    elementNames,
    validate(xml) {
      const document = parse(xml);
      if (!document) return { parsed: false };
      try {
        validator.validate(document);
        return { parsed: true, valid: true, problems: [] };
      } catch (error) {
        if (!(error instanceof XmlValidateError)) throw error;
        return { parsed: true, valid: false, problems: error.details };
      } finally {
        document.dispose();
      }
    },
  };
}
