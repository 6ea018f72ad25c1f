// schema-engine [--version] [--datamodels <path>]... [--datasource <json>] [cli can-connect-to-database|create-database|drop-database]
const WITH_VALUE = new Set([
  '--datamodels',
  '--datasource',
  '--enabled-preview-features',
  '--extension-types',
  '--database-type',
  '--shadow-database-url',
]);

/** @returns {{ version: boolean, datamodels: string[], url: string | undefined, command: string | undefined }} */
export function parseArguments(argv) {
  /** @type {ReturnType<typeof parseArguments>} */
  const options = { version: false, datamodels: [], url: undefined, command: undefined };
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index];
    if (word === '--version' || word === '-V') options.version = true;
    else if (word === 'cli') options.command = argv[(index += 1)] ?? '';
    else if (WITH_VALUE.has(word)) {
      const value = argv[(index += 1)];
      if (word === '--datamodels') options.datamodels.push(value);
      if (word === '--datasource') options.url = JSON.parse(value).url || undefined;
    }
  }
  return options;
}
