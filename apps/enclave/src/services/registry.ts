import * as z from 'zod';
import { agentsService } from './agents/agents-service';
import { congressService } from './congress/congress-service';
import type { OpenService, Service, ServiceCore, ServiceNeeds } from './service';

/** Every service of this image, by kind. A new service needs a member here and a folder beside this file. */
export const SERVICES = { congress: congressService, agents: agentsService } as const;

type Kind = keyof typeof SERVICES;
type ConfigurationOf<S> = S extends Service<infer Configuration> ? Configuration : never;
export type ServicesConfiguration = { [K in Kind]?: ConfigurationOf<(typeof SERVICES)[K]> | undefined };

/** A service is off unless the measured configuration names it. */
export const servicesSchema = z.strictObject(
  Object.fromEntries(Object.entries(SERVICES).map(([kind, service]) => [kind, service.configuration.optional()])),
) as unknown as z.ZodType<ServicesConfiguration>;

/** Returns what all services that are on need together. */
export function needsOf(configuration: ServicesConfiguration): ServiceNeeds {
  const needs = configured(configuration).map(([kind, service, own]) => ({
    kind,
    ...service.needs(own),
  }));
  return {
    destinations: needs.flatMap(({ destinations }) => destinations),
    secrets: [...new Set(needs.flatMap(({ secrets }) => secrets))],
    problems: needs.flatMap(({ kind, problems }) => problems.map((problem) => `services.${kind}.${problem}`)),
  };
}

/** Returns the public part of the configuration of each service that is on, by kind. */
export function publishedOf(configuration: ServicesConfiguration): Record<string, object> {
  return Object.fromEntries(configured(configuration).map(([kind, service, own]) => [kind, service.published(own)]));
}

/** The services by path; null for a service that is off. */
export type OpenServices = ReadonlyMap<string, OpenService | null>;

export function openServices(configuration: ServicesConfiguration, core: ServiceCore): OpenServices {
  const open = new Map<string, OpenService | null>(Object.values(SERVICES).map(({ path }) => [path, null]));
  for (const [, service, own] of configured(configuration)) open.set(service.path, service.open(own, core));
  return open;
}

function configured(configuration: ServicesConfiguration): [Kind, Service<unknown>, unknown][] {
  return (Object.keys(SERVICES) as Kind[]).flatMap((kind): [Kind, Service<unknown>, unknown][] =>
    configuration[kind] === undefined ? [] : [[kind, SERVICES[kind] as Service<unknown>, configuration[kind]]],
  );
}
