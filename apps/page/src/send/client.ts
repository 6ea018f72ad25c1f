// A module of its own, so that it becomes a file of its own.
export { connect } from '@communique-tee/client';
