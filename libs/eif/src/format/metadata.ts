import * as z from 'zod';
import { EifError } from '../errors';
import { maxMetadataBytes } from './sections';

/*
 * EifIdentityInfo (aws-nitro-enclaves-image-format, src/defs/mod.rs, and the JSON schema in its README). DockerInfo and CustomMetadata may
 * be any JSON, including null. The JSON schema says that CustomMetadata is optional. But nitro-cli cannot read an image without it, so
 * encodeMetadata always writes it.
 */
const text = z.string().max(4096);
const schema = z.looseObject({
  ImageName: text,
  ImageVersion: text,
  BuildMetadata: z.looseObject({
    BuildTime: text,
    BuildTool: text,
    BuildToolVersion: text,
    OperatingSystem: text,
    KernelVersion: text,
  }),
  DockerInfo: z.json(),
  CustomMetadata: z.json().optional(),
});

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The metadata of an image. It is not measured, so do not rely on it. */
export interface EifMetadata {
  readonly imageName: string;
  readonly imageVersion: string;
  /** Any text. For reproducible images, use a time that does not depend on the build. */
  readonly buildTime: string;
  readonly buildTool: string;
  readonly buildToolVersion: string;
  readonly operatingSystem: string;
  readonly kernelVersion: string;
  /** The output of `docker inspect`, or null. */
  readonly dockerInfo: Json;
  readonly customMetadata: Json;
}

/** @throws EifError ERR_EIF_METADATA: a field of a wrong type, or more than 256 KiB */
export function encodeMetadata(metadata: EifMetadata): Uint8Array {
  const {
    imageName,
    imageVersion,
    buildTime,
    buildTool,
    buildToolVersion,
    operatingSystem,
    kernelVersion,
    dockerInfo,
    customMetadata,
  } = metadata;
  const bytes = new TextEncoder().encode(
    JSON.stringify({
      ImageName: imageName,
      ImageVersion: imageVersion,
      BuildMetadata: {
        BuildTime: buildTime,
        BuildTool: buildTool,
        BuildToolVersion: buildToolVersion,
        OperatingSystem: operatingSystem,
        KernelVersion: kernelVersion,
      },
      DockerInfo: dockerInfo,
      CustomMetadata: customMetadata,
    }),
  );
  decodeMetadata(bytes);
  return bytes;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws EifError ERR_EIF_METADATA: not UTF-8, not JSON, a field missing or of a wrong type, or more than 256 KiB */
export function decodeMetadata(bytes: Uint8Array): EifMetadata {
  if (bytes.length > maxMetadataBytes)
    throw new EifError('ERR_EIF_METADATA', `${bytes.length} bytes, ${maxMetadataBytes} allowed`);
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw new EifError('ERR_EIF_METADATA', 'no JSON in UTF-8', cause);
  }
  if (deeperThan(json, maxDepth)) throw new EifError('ERR_EIF_METADATA', `nested deeper than ${maxDepth}`);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new EifError(
      'ERR_EIF_METADATA',
      issue === undefined ? undefined : `${issue.path.join('.')}: ${issue.message}`,
    );
  }
  const { ImageName, ImageVersion, BuildMetadata, DockerInfo, CustomMetadata } = parsed.data;
  return {
    imageName: ImageName,
    imageVersion: ImageVersion,
    buildTime: BuildMetadata.BuildTime,
    buildTool: BuildMetadata.BuildTool,
    buildToolVersion: BuildMetadata.BuildToolVersion,
    operatingSystem: BuildMetadata.OperatingSystem,
    kernelVersion: BuildMetadata.KernelVersion,
    dockerInfo: DockerInfo,
    customMetadata: CustomMetadata ?? null,
  };
}

/** Usual content is far less deep: the output of `docker inspect` has about 8 levels. */
const maxDepth = 32;

/** Works level by level: JSON.parse accepts such deep nesting that recursion would overflow the stack. */
function deeperThan(json: unknown, depth: number): boolean {
  let level: unknown[] = [json];
  for (let i = 0; i <= depth; i++) {
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? (Object.values(value) as unknown[]) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}
