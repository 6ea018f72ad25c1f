/** What the laboratory exports for attacks; see README.md. */
export { attack, type Attack, type EnclaveOptions } from './attack';
export type { Destination, EgressAction, EgressConnection } from './egress';
export type { Reply } from './http';
export type { Exchange, Parent } from './parent';
export { cannotProve, Resident, withResidence, type MessageTampering, type ProvenMessage } from './resident';
export { operatorSecret, withSecrets } from './operator-secrets';
