/**
 * For integration tests and the demo: child processes that end with ours, free ports and temporary folders. Only `describeWith` needs jest.
 */
export { drawFrom, type Draw } from './draw';
export { appBundle, type AppBundle } from './app-bundle';
export { cacheFolder } from './cache-folder';
export { commandAvailability } from './command-availability';
export { describeWith, type Availability } from './describe-with';
export { SupportError, propertyOf, type SupportErrorCode } from './errors';
export { integrationOnly } from './integration-only';
export { collectGarbage, heldArrayBufferBytes } from './held-memory';
export { freePort } from './free-port';
export { isRunning } from './is-running';
export { startSilentPort, type SilentPort } from './silent-port';
export { spawnService, type Service, type ServiceExit, type ServiceOptions } from './spawn-service';
export { workspaceRoot } from './workspace-root';
export { temporaryFolder, type TemporaryFolder } from './temporary-folder';
export { ControlError, controlBody, controlHandler, type ControlRoute } from './loopback/control';
export { closeServer, guarded, listenOnLoopback, pauseUnlessClosed, readBody, type Handler } from './loopback/server';
