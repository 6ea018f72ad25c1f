import type { Section } from '../format/sections';
import { InputFile } from '../io/input-file';
import { OutputFile } from '../io/output-file';

/**
 * Writes the data of these sections of an image into a file, one after the other. The file is written completely or not at all.
 *
 * @param sections from `readImage` of the same file
 * @throws EifError ERR_EIF_FILE, ERR_EIF_SOURCE_CHANGED if the image is shorter than its sections
 */
export async function copySections(imagePath: string, sections: readonly Section[], path: string): Promise<void> {
  const file = await InputFile.open(imagePath);
  try {
    await OutputFile.write(path, async (out) => {
      for (const { dataOffset, sizeBytes } of sections)
        for await (const chunk of file.chunks(dataOffset, sizeBytes)) await out.append(chunk);
    });
  } finally {
    await file.close();
  }
}
