import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../../core/problems/problem-error';
import { callerOf } from './caller';
import { readerOf } from './reader';

/** Refuses a request without a verified token. edge/http/entrance.ts verified the token before the body was read. */
@Injectable()
export class AuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (callerOf(context.switchToHttp().getRequest<FastifyRequest>()) === undefined)
      throw new ProblemError('unauthenticated');
    return true;
  }
}

/** Refuses a request without a verified token or a status secret. */
@Injectable()
export class ReaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (readerOf(context.switchToHttp().getRequest<FastifyRequest>()) === undefined)
      throw new ProblemError('unauthenticated');
    return true;
  }
}
