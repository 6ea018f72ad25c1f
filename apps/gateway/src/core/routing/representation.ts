import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { FastifyReply } from 'fastify';

export interface Representation {
  readonly body: Buffer;
  /** A strong ETag (RFC 9110 section 8.8.3), so each encoding has a different one. */
  readonly etag: string;
}

/** The same bytes, plain and compressed, ready to be sent. */
export interface Representations {
  readonly contentType: string;
  readonly plain: Representation;
  readonly gzip: Representation;
}

export function fromPlain(contentType: string, body: Buffer): Representations {
  return { contentType, plain: representation(body), gzip: representation(gzipSync(body)) };
}

export function fromGzip(contentType: string, compressed: Buffer): Representations {
  let plain: Representation | undefined;
  return {
    contentType,
    /** Decompressed only on demand: nearly all clients accept gzip, and one file of the page has 10 MB. */
    get plain() {
      return (plain ??= representation(gunzipSync(compressed)));
    },
    gzip: representation(compressed),
  };
}

/** The request's headers that decide what is sent. */
export interface Conditions {
  readonly 'accept-encoding'?: string;
  readonly 'if-none-match'?: string;
}

/**
 * Sends the form that the client accepts (plain or gzip), or 304 if the client already has it. The caller sets `cache-control` and `vary`.
 */
export function sendRepresentation(reply: FastifyReply, of: Representations, asked: Conditions): void {
  const gzip = takesGzip(asked['accept-encoding']);
  const { body, etag } = gzip ? of.gzip : of.plain;
  void reply.header('etag', etag);
  if (isUnchanged(asked['if-none-match'], etag)) {
    void reply.code(304).send();
    return;
  }
  if (gzip) void reply.header('content-encoding', 'gzip');
  void reply.type(of.contentType).send(body);
}

/** Whether gzip may be sent (RFC 9110 section 12.5.3): the header lists `gzip` or `*`, and not with a quality of 0. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  const codings = (acceptEncoding ?? '')
    .slice(0, 2000)
    .toLowerCase()
    .split(',')
    .map((text) => text.replaceAll(/\s/g, ''));
  const named =
    codings.find((coding) => /^(x-)?gzip(;|$)/.test(coding)) ?? codings.find((coding) => /^\*(;|$)/.test(coding));
  return named !== undefined && !/;q=0(\.0{0,3})?$/.test(named);
}

/**
 * Whether If-None-Match (RFC 9110 section 13.1.2) lists this ETag. The comparison is weak, because a proxy may have made a strong ETag
 * weak.
 */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch
    .slice(0, 2000)
    .split(',')
    .some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()));
}

function representation(body: Buffer): Representation {
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}
