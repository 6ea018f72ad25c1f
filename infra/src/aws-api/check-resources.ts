import { secretNames } from '../engine/property-values';
import type { SeenResource } from '../mock-aws';
import { tagsOfProvider } from '../rules/seen-resources';
import apiModels from './api-models.lock.json';
import { isWithin, limitProblems, policyProblems, rolePolicyProblems, SECRET, tagProblems } from './check-limits';
import { checkRequest, faultText, type Fault } from './check-request';
import { combinationProblems } from './check-combinations';
import type { Request } from './drafts';
import { MAPPINGS } from './mappings';
import { SOURCE, type Mappings } from './mapping';
import { requestsFor, type Translation } from './requests';
import { pathText, type Calls } from './shape';

/** The version of botocore from which the committed extract was made. Another version may have other constraints. */
export const BOTOCORE_VERSION = apiModels.botocore;
export const API_MODELS = apiModels.calls as unknown as Calls;

/** The check as a rule of `npm run ops -- check`. The policy pack lacks it, because the pack sees inputs that the provider completed. */
export const AWS_API = {
  name: 'aws-api',
  description: 'every input is allowed by the models of AWS’s API and by AWS’s documented limits',
} as const;

/** If the input has the same name as AWS's member, `aws-models` is enough. */
const HOW_TO_MAP = 'Run npm run lab -- aws-models, or give the input a row in infra/src/aws-api/mappings';

export interface ApiProblem {
  readonly resource: { readonly type: string; readonly name: string };
  /** `mapping`: the type or an input has no mapping. `limit`: a limit that AWS documents outside its models. */
  readonly kind: Fault['kind'] | 'mapping' | 'limit';
  readonly problem: string;
}

interface Translated extends Translation {
  readonly resource: SeenResource;
}

/** The requests that the provider would send for these resources. Types without a mapping are omitted. */
export function translated(
  resources: readonly SeenResource[],
  calls: Calls = API_MODELS,
  mappings: Mappings = MAPPINGS,
): Translated[] {
  const [provider] = resources.filter(({ type }) => type === 'pulumi:providers:aws');
  const tags = provider ? tagsOfProvider(provider.inputs) : {};
  return resources.flatMap((resource) => {
    const mapping = mappings[resource.type];
    return mapping === undefined ? [] : [{ resource, ...requestsFor(resource, mapping, calls, tags) }];
  });
}

/** @returns a problem for each input that AWS's models or documented limits do not allow, or that has no mapping */
export function apiProblems(
  resources: readonly SeenResource[],
  calls: Calls = API_MODELS,
  mappings: Mappings = MAPPINGS,
): ApiProblem[] {
  const aws = resources.filter(({ type }) => type.startsWith('aws:'));
  const of =
    ({ type, name }: SeenResource, kind: ApiProblem['kind']) =>
    (problem: string): ApiProblem => ({ resource: { type, name }, kind, problem });
  return [
    ...aws
      .filter(({ type }) => mappings[type] === undefined)
      .map((resource) => of(resource, 'mapping')(`${resource.type} has no mapping to AWS's API`)),
    ...translated(resources, calls, mappings).flatMap(({ resource, requests, lost, tags }) => [
      ...lost.map((text) =>
        of(resource, 'mapping')(`${text}. ${HOW_TO_MAP} (${SOURCE}${mappings[resource.type]?.source ?? ''})`),
      ),
      ...requests.flatMap((request) =>
        faultsOf(request, calls, secretNames(resource.inputs)).map(({ kind, text }) => of(resource, kind)(text)),
      ),
      ...tagProblems(tags).map(of(resource, 'limit')),
    ]),
    ...aws.flatMap((resource) =>
      [...limitProblems(resource), ...combinationProblems(resource), ...policyProblems(resource)].map(
        of(resource, 'limit'),
      ),
    ),
    ...rolePolicyProblems(aws).map(({ resource, problem }) => of(resource, 'limit')(problem)),
  ];
}

function faultsOf(
  { call, params, from }: Request,
  calls: Calls,
  secret: readonly string[],
): { kind: Fault['kind']; text: string }[] {
  const shape = calls[call];
  if (shape === undefined) return [{ kind: 'member', text: `the models have no ${call}` }];
  return checkRequest(shape, params).map((fault) => {
    // Report the nearest input that the program sets, because that is the one to correct.
    const places = fault.path.map((_step, at) => pathText(fault.path.slice(0, fault.path.length - at)));
    const input = places.map((place) => from.get(place)).find((found) => found !== undefined);
    const shown = input !== undefined && isWithin(input, secret) ? { ...fault, said: SECRET } : fault;
    return { kind: fault.kind, text: `${input === undefined ? '' : `${input}: `}${faultText(call, shown)}` };
  });
}
