export {
  collect,
  CommandLine,
  EXIT_CODES,
  EXIT_NOT_UNDERSTOOD,
  terminal,
  UsageError,
  type Streams,
} from './command-line';
export { makeFolder, writableFolder } from './folder';
export { isSystemError } from './system-error';
