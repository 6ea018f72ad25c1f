import { parseArgs } from 'node:util';
import { settingsShape } from '../config/settings-schema';

export interface PreviewArguments {
  stack: string;
  config: string[];
  json: boolean;
  /** Look before an image is built. */
  withoutImage: boolean;
  savingsRate: string | undefined;
}

/** @throws TypeError with what was not understood */
export function previewArguments(args: readonly string[]): PreviewArguments | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stack: { type: 'string', default: 'dev' },
      config: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      'without-image': { type: 'boolean', default: false },
      'savings-rate': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    stack: values.stack,
    config: values.config,
    json: values.json,
    withoutImage: values['without-image'],
    savingsRate: values['savings-rate'],
  };
}

/** Every key of Pulumi.<stack>.yaml, with what it means. */
export const configKeys = (): string =>
  Object.entries(settingsShape)
    .map(([key, schema]) => `  ${key.padEnd(22)} ${schema.description ?? ''}`)
    .join('\n');
