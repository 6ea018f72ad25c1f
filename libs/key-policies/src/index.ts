/** The policies of the KMS keys with which only an attested enclave may decrypt. The Pulumi program and the simulator of KMS use them. */
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
