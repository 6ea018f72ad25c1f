// node libxml2-process.mjs <schema.rng>: reads a JSON array of documents from standard input, writes a JSON array of verdicts by libxml2.
// A process of its own, because libxml2-wasm is a module with top-level await, which jest's require(esm) cannot load.
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { RelaxNGValidator, XmlDocument } from 'libxml2-wasm';

const schema = XmlDocument.fromString(readFileSync(process.argv[2], 'utf8'));
const validator = RelaxNGValidator.fromDoc(schema);
const verdicts = JSON.parse(await text(process.stdin)).map((source) => {
  let document;
  try {
    document = XmlDocument.fromString(source);
  } catch {
    return { parsed: false, valid: false };
  }
  try {
    validator.validate(document);
    return { parsed: true, valid: true };
  } catch {
    return { parsed: true, valid: false };
  } finally {
    document.dispose();
  }
});
process.stdout.write(JSON.stringify(verdicts));
