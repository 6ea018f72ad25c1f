import { settingsShape } from '../config/settings-schema';

/** Where the output of a command goes. */
export interface Streams {
  out(text: string): void;
  err(text: string): void;
}

/** Which stack is looked at, and how it is shown. */
export interface StackOptions {
  readonly stack: string;
  /** `<key>=<value>`, over Pulumi.<stack>.yaml. */
  readonly config: readonly string[];
  readonly json: boolean;
}

export interface PreviewOptions extends StackOptions {
  /** Look before an image is built. */
  readonly withoutImage: boolean;
}

/** Every key of Pulumi.<stack>.yaml, with what it means. */
export const configKeys = (): string =>
  Object.entries(settingsShape)
    .map(([key, schema]) => `  ${key.padEnd(22)} ${schema.description ?? ''}`)
    .join('\n');
