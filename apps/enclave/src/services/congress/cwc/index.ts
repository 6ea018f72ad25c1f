export {
  congressConfigSchema,
  congressDestinations,
  congressSecrets,
  type ChamberConfig,
  type CongressConfig,
  type DeliveryAgent,
} from './congress-config';
export { createCongress, type Congress, type Delivery, type Secrets } from './congress';
export { deliveryId } from './delivery-id';
export type { OfficeReason, OfficeResult } from './judge-answer';
