import { resolve } from 'node:path';
import { apiProblems, AWS_API } from '../aws-api/check-resources';
import { ConfigError } from '../config/config-error';
import type { PreviewOptions, Streams } from '../preview/options';
import { runProgram } from '../preview/run-program';
import { stackConfig } from '../preview/stack-config';
import { notBuilt } from '../config/stand-ins';
import { RESOURCE_RULES, STACK_RULES, violationsOf } from '../rules';
import { ruleResources } from '../rules/seen-resources';

const RULES = [...RESOURCE_RULES, ...STACK_RULES, AWS_API];

/** Every rule with its requirement, for --help. */
export const ruleNames = (): string =>
  RULES.map(({ name, description }) => `  ${name.padEnd(26)} ${description}`).join('\n');

/** @returns the exit code: 0 every rule holds, 1 a rule is broken or the configuration cannot work, 2 wrong arguments */
export async function runCheck(given: PreviewOptions, streams: Streams, root = resolve('.')): Promise<number> {
  let config;
  try {
    config = stackConfig(root, given.stack, given.config);
  } catch (error) {
    streams.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  try {
    const { resources } = await runProgram(given.stack, config.values, {
      root,
      previewing: true,
      ...(given.withoutImage && { standIn: notBuilt }),
    });
    const violations = [
      ...violationsOf(ruleResources(resources)),
      ...apiProblems(resources).map(({ resource, problem }) => ({ rule: AWS_API.name, resource, problem })),
    ];
    if (given.json) {
      streams.out(
        `${JSON.stringify({ stack: given.stack, imageIsMadeUp: given.withoutImage, rules: RULES.map(({ name }) => name), resources: resources.length, violations }, undefined, 2)}\n`,
      );
    } else {
      for (const { rule, resource, problem } of violations)
        streams.out(`${rule}: ${resource ? `${resource.type} ${resource.name} ` : ''}${problem}\n`);
      streams.out(
        `${violations.length === 0 ? 'every rule holds' : `${violations.length} violations`}: ${RULES.length} rules, ${resources.length} resources in stack ${given.stack}\n`,
      );
      if (given.withoutImage) streams.out('No image was read: the measurements in the policies are placeholders.\n');
    }
    return violations.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    streams.err(`${error.message}\n`);
    return 1;
  }
}
