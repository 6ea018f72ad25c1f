/** The prices of models, and the parameters of requests to them. Runs in a browser. */
export * from './request-shape';
export * from './price-table';
export { PRICE_TABLE, UNVERIFIED_PRICES } from './models';
export * from './cost';
export { sameModel } from './same-model';
