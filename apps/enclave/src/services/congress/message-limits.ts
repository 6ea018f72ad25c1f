import type { EnclaveConfiguration } from '../../configuration/configuration';

export type MessageLimits = EnclaveConfiguration['messages'];
