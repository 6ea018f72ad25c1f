/** EifSectionType (aws-nitro-enclaves-image-format, src/defs/mod.rs); 0 is "invalid". */
export const sectionTypes = { kernel: 1, cmdline: 2, ramdisk: 3, signature: 4, metadata: 5 } as const;
export type SectionType = keyof typeof sectionTypes;

const names: Readonly<Record<number, SectionType>> = {
  1: 'kernel',
  2: 'cmdline',
  3: 'ramdisk',
  4: 'signature',
  5: 'metadata',
};

export function sectionTypeOf(code: number): SectionType | undefined {
  return names[code];
}

export interface Section {
  readonly type: SectionType;
  /** Where the data starts in the file, after the section's own header of 12 bytes. */
  readonly dataOffset: number;
  readonly sizeBytes: number;
}

export type Arch = 'x86_64' | 'arm64';
