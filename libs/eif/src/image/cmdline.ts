import { EifError } from '../errors';
import { maxCmdlineBytes } from './limits';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The command line as it is measured: without a final NUL (EifBuilder::new, src/utils/mod.rs, takes CString::into_bytes).
 *
 * @throws EifError ERR_EIF_CMDLINE: more than 2047 bytes, or a character that is not printable ASCII
 */
export function encodeCmdline(cmdline: string): Uint8Array {
  if (!/^[\x20-\x7e]*$/.test(cmdline)) throw new EifError('ERR_EIF_CMDLINE', 'a character that is not printable ASCII');
  if (cmdline.length > maxCmdlineBytes)
    throw new EifError('ERR_EIF_CMDLINE', `${cmdline.length} bytes, and Linux takes ${maxCmdlineBytes}`);
  return new TextEncoder().encode(cmdline);
}

/** @throws EifError ERR_EIF_CMDLINE: a NUL (Linux would stop there, the measurement would not), or no UTF-8 */
export function decodeCmdline(bytes: Uint8Array): string {
  if (bytes.includes(0)) throw new EifError('ERR_EIF_CMDLINE', 'a NUL');
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new EifError('ERR_EIF_CMDLINE', 'no UTF-8', cause);
  }
}
