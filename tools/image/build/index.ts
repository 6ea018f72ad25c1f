/** The enclave's image, out of this checkout and of what is pinned. */
export { BuildError, type BuildErrorCode } from './build-error';
export { buildImage, type BuiltImage, type ImageRequest } from './build-image';
