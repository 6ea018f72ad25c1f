import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { AwsProvider } from '../../aws/aws-provider';
import { AwsError, parseCommand, UsageError } from './aws-command';
import { COMMANDS } from './aws-commands';
import { queried, shown } from './query';

/**
 * Stands in for the AWS CLI. It acts on the account of the stand-in provider, so that Pulumi sees its changes. It knows only the commands
 * and options that the documents and `ops import-file` use. It refuses others as the AWS CLI refuses unknown ones.
 */
export class AwsCommandLine {
  private constructor(private readonly server: Server) {}

  static async listen(provider: AwsProvider): Promise<AwsCommandLine> {
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        response.end(JSON.stringify(answer(provider, JSON.parse(body) as string[])));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new AwsCommandLine(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

function answer(provider: AwsProvider, args: readonly string[]): Answer {
  try {
    const command = parseCommand(args, COMMANDS);
    const result = command.run(command.given, provider.account, provider.region);
    if (result === undefined) return { stdout: '', stderr: '', exitCode: 0 };
    const chosen = command.query === undefined ? result : queried(result, command.query);
    return { stdout: shown(chosen, command.output), stderr: '', exitCode: 0 };
  } catch (error) {
    // The exit codes are those of `aws` (AWS CLI user guide, "Return codes").
    const exitCode = error instanceof UsageError ? 252 : error instanceof AwsError ? 254 : 255;
    const message = error instanceof Error ? error.message : String(error);
    return { stdout: '', stderr: `\naws: ${args.slice(0, 2).join(' ')}: ${message}\n`, exitCode };
  }
}
