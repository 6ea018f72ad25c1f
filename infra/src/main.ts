import { getStack, runtime } from '@pulumi/pulumi';
import { program } from './program';

/** @param root the checkout @returns the outputs of `pulumi up` */
export const main = (root: string): Promise<Record<string, unknown>> =>
  program(getStack(), runtime.allConfig(), { root });
