import 'reflect-metadata';
import { RegisteredRoutes } from '../../../core/routing/registered-routes';
import { documentedOperations, openApiDocument, fixedExamples } from '../document';
import { unconnectedGateway } from './unconnected-gateway';

/** Entry point of `npm run lab -- openapi --write`. Prints docs/openapi.json. */
async function main(): Promise<void> {
  const app = await unconnectedGateway();
  const document = openApiDocument(documentedOperations(app.get(RegisteredRoutes)), fixedExamples());
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`, () => process.exit(0));
}

void main();
