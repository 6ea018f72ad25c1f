import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { documentIn, fetchDocument } from './read-document';

const document = new Uint8Array([0x84, 0xff, 0xfe, 0xfb, 0xef, 0xbe]);
const text = (value: string) => new TextEncoder().encode(value);

describe('documentIn', () => {
  it.each([
    ['raw bytes', document],
    ['base64', text('hP/+++++')],
    ['base64 with line ends and padding', text('hP/+\r\n++8=\n')],
    ['base64url', text('hP_-----')],
    ['hexadecimal digits', text('84fffefbefbe')],
    ['hexadecimal digits in capitals, with line ends', text('0x84FF\r\nFEFB EFBE\n')],
    ['attestation_doc of hexadecimal digits', text('{"attestation_doc":"84fffefb","public_key":"00"}')],
    ['attestationDoc of base64', text('{"attestationDoc":"hP/+++++"}')],
    ['a list of bytes', text('{"cbor":[132,255,254]}')],
    ['the JSON of /attestation', text('{"attestation_document":"hP/+++++","pcrs":{}}')],
  ])('finds a document in %s', (_, content) => {
    expect(documentIn(content).slice(0, 2)).toEqual(document.slice(0, 2));
  });

  it.each([
    ['nothing', text('')],
    ['white space', text(' \n')],
    ['a web page', text('<!doctype html>')],
    ['hexadecimal digits that do not begin like a document', text('abababab')],
    ['an odd number of hexadecimal digits', text('84fffefbe')],
    ['JSON with two documents', text('{"attestation_document":"hP/+++++","attestation_doc":"hP/+++++"}')],
    ['JSON with a member twice', text('{"attestation_doc":"hP/+++++","attestation_doc":"hP/+++++"}')],
    ['JSON with a list in which a number is above 255', text('{"cbor":[132,256]}')],
    ['JSON without a document', text('{"pcrs":{}}')],
    ['JSON with a document that is not a text', text('{"attestation_document":1}')],
    ['JSON with an empty document', text('{"attestation_document":""}')],
    ['truncated JSON', text('{"attestation_document":"hP')],
    ['base64 of an impossible length', text('hP/++')],
    ['base64 with its unused bits set', text('hPB=')],
  ])('finds no document in %s', (_, content) => {
    expect(() => documentIn(content)).toThrow(expect.objectContaining({ code: 'not_understood' }));
  });
});

describe('fetchDocument', () => {
  it.each([
    ['never answers', false],
    ['goes silent after it began to answer', true],
  ])('does not wait forever for a server that %s', async (_, begins) => {
    const server = createServer((__, response) => {
      if (begins) response.write('x');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    try {
      const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      await expect(fetchDocument(url, undefined, 100)).rejects.toMatchObject({ code: 'unreachable' });
    } finally {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  });
});
