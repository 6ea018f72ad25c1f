/** The policies of the KMS keys that only an attested enclave may use. For the Pulumi program and for the simulator of KMS. */
export {
  attestedUse,
  enclaveKeyPolicy,
  isAllZero,
  operatorKeyPolicy,
  PURPOSES,
  type AcceptedImage,
} from './attested-key';
export { keyPolicyDocuments, type KeyPolicySettings } from './key-policy-documents';
export { accountRoot, STACK_TAG, type Place } from './place';
export { policy, trust, type PolicyDocument, type Statement, type TrustPolicy } from './policy-document';
