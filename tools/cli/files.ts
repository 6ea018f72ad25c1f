import { ProtocolError, decodeJson, decodeUtf8 } from '@communique-tee/protocol';
import { closeSync, openSync, readSync } from 'node:fs';
import { Failure, messageOf } from './failure';

/**
 * Reads a file of at most `maxBytes`. Stops one byte after the limit, even on an endless device.
 * @throws Failure `file_unreadable`, `not_understood` (too large)
 */
export function readLimited(path: string, maxBytes: number): Uint8Array {
  const buffer = new Uint8Array(maxBytes + 1);
  let length = 0;
  try {
    const file = openSync(path, 'r');
    try {
      for (;;) {
        const bytesRead = readSync(file, buffer, length, buffer.length - length, null);
        length += bytesRead;
        if (bytesRead === 0 || length === buffer.length) break;
      }
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new Failure('file_unreadable', `${path} cannot be read: ${messageOf(cause)}`, cause);
  }
  if (length > maxBytes)
    throw new Failure('not_understood', `${path} is too large (at most ${String(maxBytes)} bytes)`);
  return buffer.subarray(0, length);
}

/** @throws Failure `file_unreadable`, `not_understood` */
export function readText(path: string, maxBytes: number): string {
  const bytes = readLimited(path, maxBytes);
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw new Failure('not_understood', `${path} is not text`, cause);
  }
}

/**
 * Reads a JSON file in which no member name is repeated (decodeJson).
 * @throws Failure `file_unreadable`, `not_understood`; the message never quotes the file
 */
export function readJsonFile(path: string, maxBytes: number): unknown {
  const bytes = readLimited(path, maxBytes);
  try {
    return decodeJson(bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new Failure('not_understood', `${path} cannot be used: ${error.message}`);
  }
}
