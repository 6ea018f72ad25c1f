import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fieldToHex, type Field } from '../field';
import { MerkleTree } from '../merkle-tree';

/** Returns the files that a registrar publishes for a tree, by path below the list's address. */
export function listFilesOf(tree: MerkleTree, rootNote: string): Map<string, Uint8Array> {
  const folder = fieldToHex(tree.root);
  const files = new Map<string, Uint8Array>([[`${folder}/subtrees`, Buffer.concat(tree.nodesAt(10))]]);
  const count = Math.ceil(tree.length / 1024);
  for (let file = 0; file < count; file++) {
    const leaves = Array.from({ length: 1024 }, (_, at): Field => tree.at(file * 1024 + at));
    if (leaves.some((leaf) => leaf.some((byte) => byte !== 0)))
      files.set(`${folder}/leaves/${String(file)}`, Buffer.concat(leaves));
  }
  files.set('root.note', Buffer.from(rootNote));
  return files;
}

/** Simulates the registrar's static host. A test may replace `files` between requests, or set `answer` to handle requests itself. */
export class ListServer implements AsyncDisposable {
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  answer: (path: string, response: ServerResponse) => boolean = () => false;
  url = '';

  private readonly server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/^\/list\//, '');
    this.requests.push({ path, headers: request.headers });
    if (this.answer(path, response)) return;
    const file = this.files.get(path);
    response.setHeader('access-control-allow-origin', '*');
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });

  private constructor(public files: ReadonlyMap<string, Uint8Array>) {}

  static async start(files: ReadonlyMap<string, Uint8Array>): Promise<ListServer> {
    const server = new ListServer(files);
    await new Promise<void>((listening) => server.server.listen(0, '127.0.0.1', listening));
    server.url = `http://127.0.0.1:${String((server.server.address() as AddressInfo).port)}/list/`;
    return server;
  }

  get paths(): string[] {
    return this.requests.map(({ path }) => path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}
