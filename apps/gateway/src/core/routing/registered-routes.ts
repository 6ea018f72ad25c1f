import { Injectable } from '@nestjs/common';
import type { RoutePolicy } from './route-policy';

export interface RegisteredRoute {
  readonly method: string;
  /** The path's template, such as `/api/messages/:id`. */
  readonly url: string;
  readonly policy: Partial<RoutePolicy>;
}

/** The routes that the server has. The `Allow` header of 405 and the OpenAPI document come from this list. */
@Injectable()
export class RegisteredRoutes {
  private readonly routes: (RegisteredRoute & { readonly pattern: RegExp })[] = [];

  add(methods: string | readonly string[], url: string, policy: Partial<RoutePolicy> = {}): void {
    const pattern = new RegExp(
      `^${url
        .split('/')
        .map((part) => (part.startsWith(':') ? '[^/]+' : escape(part)))
        .join('/')}$`,
    );
    for (const method of [methods].flat()) this.routes.push({ method, url, policy, pattern });
  }

  /** The methods that the path of `url` accepts; empty if no route has this path. */
  methodsOf(url: string): string[] {
    const path = url.split('?', 1)[0] ?? '';
    return [...new Set(this.routes.filter((route) => route.pattern.test(path)).map((route) => route.method))].sort();
  }

  all(): readonly RegisteredRoute[] {
    return this.routes;
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
