import { controlBody, controlHandler, type Handler } from '@communique-tee/testing/harness';
import * as z from 'zod';
import { faultPlanSchema } from '../faults/fault';
import type { Surroundings } from './provider-server';

const answersSchema = z.strictObject({ default: z.enum(['sensible', 'echo']) });

/**
 * The control port's request handler, by which another process reads the requests, sets faults and releases held answers. README.md lists
 * the routes and errors.
 */
export function providersControl(surroundings: Surroundings, release: () => void): Handler {
  const { faults, requests } = surroundings;
  return controlHandler({
    'GET requests': () => requests.all(),
    'DELETE requests': () => {
      requests.clear();
    },
    'GET faults': () => faults.counts(),
    'PUT faults': async ({ body }) => {
      faults.set(controlBody(faultPlanSchema, await body(), 'not_a_fault_plan'));
    },
    'DELETE faults': () => {
      faults.set({});
    },
    'PUT answers': async ({ body }) => {
      surroundings.whenNotScripted = controlBody(answersSchema, await body(), 'not_answers').default;
    },
    'POST release': () => {
      release();
    },
  });
}
