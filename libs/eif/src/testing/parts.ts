import type { EifMetadata } from '../format/metadata';

export const metadata: EifMetadata = {
  imageName: 'test',
  imageVersion: '1.0',
  buildTime: '1970-01-01T00:00:00Z',
  buildTool: 'test',
  buildToolVersion: '0',
  operatingSystem: 'Linux',
  kernelVersion: '6.12',
  dockerInfo: null,
  customMetadata: null,
};
