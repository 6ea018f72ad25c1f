import { rootCertificates } from 'node:tls';
import { parseConfigurationForImage } from './for-image';

const agent = {
  name: 'Tests of the image',
  ackEmail: 'ack@example.org',
  contactName: 'Tests of it',
  contactEmail: 'contact@example.org',
  contactPhone: '202-555-0100',
};
const chamber = (port: number) => ({
  origin: `https://chamber.example.org:${String(port)}`,
  apiKeyReadableInImage: 'for-tests-alone',
  certificateAuthorities: rootCertificates[0],
  deduplicates: true,
});
const route = (port: number) => ({ host: 'chamber.example.org', port, vsockPort: port });
const suitable = {
  stack: 'test',
  listen: 'vsock:5000',
  egress: { mode: 'vsock', routes: [route(8001), route(8002)] },
  services: { congress: { deliveryAgent: agent, house: chamber(8001), senate: chamber(8002) } },
};

const { certificateAuthorities: _named, ...unnamed } = chamber(8001);

describe('a configuration for an image', () => {
  it('listens on vsock and connects to other servers through vsock', () => {
    expect(parseConfigurationForImage(suitable).egress.routes).toHaveLength(2);
  });

  it.each([
    [
      'an address to listen on that is not vsock',
      { ...suitable, listen: 'tcp:127.0.0.1:5000' },
      'listen: an enclave image listens',
    ],
    ['direct egress', { ...suitable, egress: { mode: 'direct' } }, 'egress.mode: an enclave image has no network'],
    [
      'a parent that is not CID 3',
      { ...suitable, egress: { ...suitable.egress, parentCid: 16 } },
      'egress.parentCid: the parent is CID 3',
    ],
    ['no service', { ...suitable, services: {} }, 'services: an enclave image names at least one service'],
    [
      'a chamber without named authorities',
      { ...suitable, services: { congress: { ...suitable.services.congress, house: unnamed } } },
      'services.congress.house.certificateAuthorities: PEM of the roots to trust for this host',
    ],
    [
      'a destination without a route',
      { ...suitable, egress: { mode: 'vsock', routes: [route(8001)] } },
      'no route to chamber.example.org:8002',
    ],
  ])('is refused with %s', (_name, value, problem) => {
    expect(() => parseConfigurationForImage(value)).toThrow(problem);
  });
});
