import { Injectable } from '@nestjs/common';

/** The routes that the server really has: for `405` with `Allow`, and for the spec that holds them against the OpenAPI document. */
@Injectable()
export class RegisteredRoutes {
  private readonly routes: { readonly method: string; readonly url: string; readonly pattern: RegExp }[] = [];

  add(methods: string | readonly string[], url: string): void {
    const pattern = new RegExp(
      `^${url
        .split('/')
        .map((part) => (part.startsWith(':') ? '[^/]+' : escape(part)))
        .join('/')}$`,
    );
    for (const method of [methods].flat()) this.routes.push({ method, url, pattern });
  }

  /** The methods that the path of `url` takes; none where there is no such path. */
  methodsOf(url: string): string[] {
    const path = url.split('?', 1)[0] ?? '';
    return [...new Set(this.routes.filter((route) => route.pattern.test(path)).map((route) => route.method))].sort();
  }

  all(): { method: string; url: string }[] {
    return this.routes.map(({ method, url }) => ({ method, url }));
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
