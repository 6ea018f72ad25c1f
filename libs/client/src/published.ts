/** The exports of the published package @communique-tee/client. */
export { BILL_TYPES, CHAMBERS, OFFICES_AS_OF, STATES, TOPICS, officesOf, toWebAddress } from '@communique-tee/protocol';
export * from './errors';
export * from './api';
export { mostATaskCosts } from './agents/task-cost';
export { connect } from './connect';
export { whetherSent } from './whether-sent';
export { validateMessage } from './validate-message';
