// Runs `schema-engine cli <command>`. The exit code is the answer, and errors are JSON lines on stderr.
import { EngineError, checkConnection, createDatabase, dropDatabase } from './connection.mjs';

const COMMANDS = {
  'can-connect-to-database': checkConnection,
  'create-database': createDatabase,
  'drop-database': (url) => dropDatabase(url),
};

export async function runCommand(name, url) {
  try {
    if (!Object.hasOwn(COMMANDS, name)) throw new EngineError(undefined, `unknown command: ${name}`);
    if (url === undefined) throw new EngineError('P1012', 'The datasource has no url (DATABASE_URL is not set).');
    await COMMANDS[name](url);
    return 0;
  } catch (error) {
    const line = (level, target, fields) => console.error(JSON.stringify({ level, target, fields }));
    line('INFO', 'schema_engine', { message: 'schema-engine-wasm' }); // the CLI skips the first line
    line('ERROR', 'schema_engine::logger', { error_code: error.code ?? 'P1000', message: error.message });
    return 1;
  }
}
