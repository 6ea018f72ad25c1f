export { congressConfigSchema, congressDestinations, type ChamberConfig, type CongressConfig, type DeliveryAgent } from './congress-config';
export { createCongress, type Congress, type Delivery } from './congress';
export { deliveryId } from './delivery-id';
export type { OfficeReason, OfficeResult } from './office-result';
