/** Builds the enclave's image from this checkout and pinned inputs. */
export { BuildError, type BuildErrorCode } from './build-error';
export { buildImage, type BuiltImage, type ImageRequest } from './build-image';
