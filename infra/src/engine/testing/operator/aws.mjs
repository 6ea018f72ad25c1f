// node aws.mjs <port> <arguments of `aws`>: sends the arguments to the test (aws-command-line.ts), and prints the answer.
const [port, ...args] = process.argv.slice(2);
const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: JSON.stringify(args) });
const { stdout, stderr, exitCode } = await response.json();
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;
