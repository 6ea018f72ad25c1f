// What is loaded when the person comes near to sending: the client library, and what shows its results.
export { connect, failureOf } from './client';
export { DetailsView } from './details';
export { ResultView } from './result-view';
