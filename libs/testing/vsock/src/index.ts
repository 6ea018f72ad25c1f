export { startHybridDevice, type GuestAddress, type HybridDevice } from './hybrid-device';
export { openSockets } from './open-sockets';
