// Stands in for pulumi-language-nodejs, which no registry serves. Pulumi's CLI starts this host, reads its port, and asks it to run the
// program and policy packs. Like the real host, it runs them with @pulumi/pulumi's own cmd/run and cmd/run-policy-pack. It is plain
// JavaScript, so that it starts without a build.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const grpc = require('@grpc/grpc-js');
const { LanguageRuntimeService } = require('@pulumi/pulumi/proto/language_grpc_pb.js');
const pb = require('@pulumi/pulumi/proto/language_pb.js');
const { PluginInfo } = require('@pulumi/pulumi/proto/plugin_pb.js');
const { Empty } = require('google-protobuf/google/protobuf/empty_pb.js');
const { version } = require('@pulumi/pulumi/package.json');

/** Exit code of cmd/run: the program failed, and has reported that to the engine. */
const FAILED_AND_TOLD = 32;

// The last argument is always the engine's address.
const engine = process.argv.at(-1);
const children = new Set();

/** Starts one of @pulumi/pulumi's entry points in the folder `pwd`. */
function start(entrance, args, { pwd, env }) {
  const script = require.resolve(`@pulumi/pulumi/cmd/${entrance}/index.js`);
  const child = spawn(process.execPath, [script, ...args], {
    cwd: pwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  children.add(child);
  child.once('close', () => children.delete(child));
  return child;
}

function run({ request }, answer) {
  const info = request.getInfo();
  const args = [];
  const flag = (name, value) => value && args.push(`--${name}`, String(value));
  flag('monitor', request.getMonitorAddress());
  flag('engine', engine);
  flag('organization', request.getOrganization());
  flag('project', request.getProject());
  flag('stack', request.getStack());
  flag('root-directory', info.getRootDirectory());
  flag('pwd', request.getPwd());
  flag('parallel', request.getParallel());
  if (request.getDryrun()) args.push('--dry-run', 'true');
  args.push(info.getEntryPoint(), ...request.getArgsList());
  const child = start('run', args, {
    pwd: info.getProgramDirectory(),
    env: {
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      PULUMI_NODEJS_TYPESCRIPT: 'false',
    },
  });
  // Pulumi's CLI shows the output of its language hosts.
  child.stdout.pipe(process.stdout, { end: false });
  child.stderr.pipe(process.stderr, { end: false });
  child.once('close', (code, signal) => {
    const response = new pb.RunResponse();
    if (code === FAILED_AND_TOLD) response.setBail(true);
    else if (code !== 0) response.setError(`the program ended with ${signal ?? `exit code ${String(code)}`}`);
    answer(null, response);
  });
}

/** Runs a policy pack. This host refuses plugins of other kinds. */
function runPlugin(call) {
  const { request } = call;
  if (request.getKind() !== 'analyzer')
    return void call.destroy(new Error(`cannot run a plugin of kind ${request.getKind()}`));
  const folder = request.getInfo().getProgramDirectory();
  const env = Object.fromEntries(request.getEnvList().map((each) => each.split(/=(.*)/s, 2)));
  const child = start('run-policy-pack', [...request.getArgsList(), folder], { pwd: folder, env });
  const send = (set) => (chunk) => {
    const response = new pb.RunPluginResponse();
    response[set](chunk);
    call.write(response);
  };
  child.stdout.on('data', send('setStdout'));
  child.stderr.on('data', send('setStderr'));
  child.once('close', (code) => {
    send('setExitcode')(code ?? 1);
    call.end();
  });
  call.once('cancelled', () => child.kill());
}

const about = (_call, answer) => {
  const response = new pb.AboutResponse();
  response.setExecutable(process.execPath);
  response.setVersion(process.version);
  answer(null, response);
};

const pluginInfo = (_call, answer) => {
  const response = new PluginInfo();
  response.setVersion(version);
  answer(null, response);
};

const server = new grpc.Server({ 'grpc.max_receive_message_length': 400 << 20 });
server.addService(LanguageRuntimeService, {
  handshake: (_call, answer) => answer(null, new pb.LanguageHandshakeResponse()),
  // No plugin needs to be downloaded, because the provider is attached by PULUMI_DEBUG_PROVIDERS.
  getRequiredPlugins: (_call, answer) => answer(null, new pb.GetRequiredPluginsResponse()),
  getRequiredPackages: (_call, answer) => answer(null, new pb.GetRequiredPackagesResponse()),
  getProgramDependencies: (_call, answer) => answer(null, new pb.GetProgramDependenciesResponse()),
  getPluginInfo: pluginInfo,
  about,
  run,
  runPlugin,
  installDependencies: (call) => call.end(),
  cancel: (_call, answer) => answer(null, new Empty()),
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${String(port)}\n`);
});

// The CLI ends this host when it is done. If the CLI was killed, this process has another parent. Programs that this host started must
// not outlive the host.
const cli = process.ppid;
function end() {
  for (const child of children) child.kill();
  process.exit(0);
}
setInterval(() => process.ppid !== cli && end(), 500);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, end);
// Ignore Ctrl-C: the CLI gets it too, and decides when this host ends.
process.on('SIGINT', () => undefined);
