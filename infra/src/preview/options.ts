import { settingsShape } from '../config/settings-schema';

/** The outputs of a command. */
export interface Streams {
  out(text: string): void;
  err(text: string): void;
}

/** The options that name a stack and say how to show it. */
export interface StackOptions {
  readonly stack: string;
  /** Changes `<key>=<value>` to Pulumi.<stack>.yaml. */
  readonly config: readonly string[];
  readonly json: boolean;
}

export interface PreviewOptions extends StackOptions {
  /** Use a made-up image and release, because none is built yet. */
  readonly withoutImage: boolean;
}

/** Every key of Pulumi.<stack>.yaml except secrets, with its meaning, for --help. */
export const configKeys = (): string =>
  Object.entries(settingsShape)
    .map(([key, schema]) => `  ${key.padEnd(22)} ${schema.description ?? ''}`)
    .join('\n');
