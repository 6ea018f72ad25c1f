import 'reflect-metadata';
import { RegisteredRoutes } from '../../../core/routing/registered-routes';
import { documentedOperations, openApiDocument, steadyExamples } from '../document';
import { unconnectedGateway } from './unconnected-gateway';

/** Entry of `npm run lab -- openapi --write`, bundled as the gateway is: prints the document as it is committed. */
async function main(): Promise<void> {
  const app = await unconnectedGateway();
  const document = openApiDocument(documentedOperations(app.get(RegisteredRoutes)), steadyExamples());
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`, () => process.exit(0));
}

void main();
