// Nest finds the files of Swagger UI by a require that bundlers do not see. This plugin copies them into the folder swagger-ui beside the
// bundle.
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export const ASSETS_FOLDER = 'swagger-ui';
const ASSETS = [
  'LICENSE',
  'favicon-16x16.png',
  'favicon-32x32.png',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'swagger-ui.css',
];
const LOOKUP = "require('swagger-ui-dist/absolute-path.js')()";

export const swaggerUiBesideBundle = ({ outdir, root }) => ({
  name: 'swagger-ui-beside-bundle',
  setup(build) {
    let used = false;
    build.onStart(() => void (used = false));
    build.onLoad(
      { filter: /[\\/]@nestjs[\\/]swagger[\\/]dist[\\/]swagger-ui[\\/]swagger-ui\.js$/ },
      async ({ path }) => {
        const source = await readFile(path, 'utf8');
        if (!source.includes(LOOKUP))
          throw new Error(`${path} no longer looks for its files the way this plugin replaces`);
        used = true;
        return {
          contents: source.replace(LOOKUP, `require('node:path').join(__dirname, '${ASSETS_FOLDER}')`),
          loader: 'js',
        };
      },
    );
    build.onEnd(async ({ errors }) => {
      if (!used || errors.length > 0) return;
      const swagger = createRequire(join(root, 'package.json')).resolve('@nestjs/swagger');
      const from = dirname(createRequire(swagger).resolve('swagger-ui-dist/package.json'));
      const to = join(outdir, ASSETS_FOLDER);
      await mkdir(to, { recursive: true });
      await Promise.all(ASSETS.map((name) => copyFile(join(from, name), join(to, name))));
    });
  },
});
