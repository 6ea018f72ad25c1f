// The client library and the views of its results. Loaded when the person leaves the first step, or when there is a
// message to follow.
export { connect, failureOf } from './client';
export { DetailsView } from './details';
export { ResultView } from './result-view';
