/** Policies of KMS keys that let only an attested enclave decrypt. The Pulumi program and the KMS simulator use them. */
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
