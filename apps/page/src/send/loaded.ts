// Loaded when the person comes near to sending: the client library, and the views of its results.
export { connect, failureOf } from './client';
export { DetailsView } from './details';
export { ResultView } from './result-view';
