#!/usr/bin/env node
// Replaces Prisma's native `schema-engine` if that is not installed. It has the same command line and the same JSON-RPC on stdio. Prisma's
// own engine, compiled to WebAssembly (@prisma/schema-engine-wasm, pinned to the CLI's commit), answers the calls. The
// connection is by @prisma/adapter-pg, so only to PostgreSQL. tools/dev/prisma/cli.mjs names this file in PRISMA_SCHEMA_ENGINE_BINARY.
import { parseArguments } from './engine/arguments.mjs';
import { runCommand } from './engine/commands.mjs';
import { createHandlers } from './engine/handlers.mjs';
import { serve } from './engine/json-rpc.mjs';
import { engineVersion } from './engine/wasm-engine.mjs';

const options = parseArguments(process.argv.slice(2));
if (options.version) {
  console.log(`schema-engine-wasm ${engineVersion()}`);
} else if (options.command !== undefined) {
  process.exitCode = await runCommand(options.command, options.url);
} else {
  await serve(createHandlers(options), process.stdin, process.stdout);
}
process.exit();
