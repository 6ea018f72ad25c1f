import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../../core/problems/problem-error';
import { callerOf } from './caller';
import { readerOf } from './reader';

/** The token was verified before the body was read (http/entrance.ts). Where it was not, nothing opens. */
@Injectable()
export class AuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (callerOf(context.switchToHttp().getRequest<FastifyRequest>()) === undefined)
      throw new ProblemError('unauthenticated');
    return true;
  }
}

/** The same for a token or a status secret. */
@Injectable()
export class ReaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (readerOf(context.switchToHttp().getRequest<FastifyRequest>()) === undefined)
      throw new ProblemError('unauthenticated');
    return true;
  }
}
