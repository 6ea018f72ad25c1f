// JSON-RPC 2.0 with one message on each line, as Prisma's CLI uses it. Requests are answered one after the other.
import { createInterface } from 'node:readline';

import { takePanic } from './wasm-engine.mjs';

const USER_FACING_ERROR = 4466; // the CLI reads `data` of errors with this code

/** Resolves when the input has ended and every request is answered. */
export async function serve(handle, input, output) {
  let sent = 0;
  const send = (message) => output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const print = (content) => send({ id: `print-${(sent += 1)}`, method: 'print', params: { content } });

  for await (const line of createInterface({ input })) {
    if (line.trim() === '') continue;
    const { id, method, params } = JSON.parse(line);
    if (method === undefined) continue; // this is the CLI's answer to a print
    try {
      send({ id, result: await handle(method, params, print) });
    } catch (error) {
      send({
        id,
        error: {
          code: USER_FACING_ERROR,
          message: 'An error happened. Check the data field for details.',
          data: describe(error),
        },
      });
    }
  }
}

function describe(error) {
  const panic = takePanic();
  return {
    is_panic: panic !== undefined,
    message: panic ?? error?.message ?? String(error),
    meta: error?.meta ?? null,
    error_code: error?.code ?? null,
  };
}
