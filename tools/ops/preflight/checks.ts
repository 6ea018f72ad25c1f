import { addressQuota, vcpuQuota } from './account/check-quotas';
import { ami } from './account/check-ami';
import { costTag } from './account/check-cost-tag';
import { buckets } from './account/check-buckets';
import { credentials } from './account/check-credentials';
import { instanceType } from './account/check-instance-type';
import { keys } from './account/check-keys';
import { network } from './account/check-network';
import { parent } from './account/check-parent';
import { principals } from './account/check-principals';
import { secrets } from './account/check-secrets';
import type { Check } from './check';
import { chamberChecks } from './congress/check-chamber';
import { enclaveConfiguration } from './congress/check-configuration';
import { image, release } from './here/check-artifacts';
import { configuration } from './here/check-configuration';
import { node } from './here/check-node';
import { awsCli, git, pulumi } from './here/check-programs';
import { caa } from './names/check-caa';
import { delegation } from './names/check-delegation';
import { domain } from './names/check-domain';
import { agents } from './providers/check-agents';
import { providerRoots } from './providers/check-roots';
import { anthropic, googleAi, openai } from './providers/checks';
import { database } from './stores/check-database';
import { redis } from './stores/check-redis';
import { residence } from './stores/check-residence';

/** The checks, in the order of the report. */
export const CHECKS: readonly Check[] = [
  node,
  pulumi,
  awsCli,
  git,
  configuration,
  image,
  release,
  credentials,
  principals,
  vcpuQuota,
  instanceType,
  ami,
  addressQuota,
  network,
  buckets,
  keys,
  secrets,
  parent,
  costTag,
  domain,
  delegation,
  caa,
  database,
  redis,
  residence,
  agents,
  providerRoots,
  openai,
  googleAi,
  anthropic,
  enclaveConfiguration,
  ...chamberChecks,
];
