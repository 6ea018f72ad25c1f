import type { Row } from './measure';

export interface SectionOptions {
  /** Where CPU profiles of the gateway go. */
  readonly profileFolder?: string | undefined;
}

export interface Section {
  readonly title: string;
  rows(options: SectionOptions): Promise<Row[]>;
}
