import { Injectable } from '@nestjs/common';
import { fromPlain, type Representations } from '../../core/routing/representation';
import { listText, TemplateStore } from './template-store';

/** How long another gateway's change may take to appear here. */
const FRESH_MS = 5000;

/** The published list, ready to send. It is read from the database at most once in five seconds, and after each change by this gateway. */
@Injectable()
export class PublishedList {
  private last: { readonly at: number; readonly list: Promise<Representations> } | undefined;

  constructor(private readonly store: TemplateStore) {}

  /** @throws ProblemError `database_unavailable` | `overloaded` */
  async get(now = performance.now()): Promise<Representations> {
    if (this.last === undefined || now - this.last.at > FRESH_MS) this.last = { at: now, list: this.read() };
    const { list } = this.last;
    try {
      return await list;
    } catch (error) {
      if (this.last?.list === list) this.forget();
      throw error;
    }
  }

  /** Call it after this gateway has changed a template. */
  forget(): void {
    this.last = undefined;
  }

  private async read(): Promise<Representations> {
    return fromPlain('application/json; charset=utf-8', listText(await this.store.published()));
  }
}
