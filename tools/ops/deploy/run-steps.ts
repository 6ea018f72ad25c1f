import type { Deployment } from './deployment';
import { deployCommand, Interrupted, StepFailure, type Step } from './step';

const EXIT = { done: 0, failed: 1, interrupted: 130 } as const;

/**
 * Runs the steps in order, and stops at the first that fails: it then prints the step's name, the reason and the command that continues.
 * @param again options of this run that the printed command repeats
 * @returns the exit code
 */
export async function runSteps(
  deployment: Deployment,
  steps: readonly Step[],
  all: readonly Step[],
  again: readonly string[],
): Promise<number> {
  const { ports, stack } = deployment;
  for (const step of steps) {
    const place = `${String(all.indexOf(step) + 1)}/${String(all.length)}`;
    ports.err(`\n[${place}] ${step.name}: ${step.title.replaceAll('<stack>', stack)}\n`);
    const startedMs = ports.looking.nowMs();
    try {
      await interruptible(deployment, step.run(deployment));
      deployment.heed();
    } catch (error) {
      const goOn = ['--from', step.name];
      if (error instanceof Interrupted) {
        tell(deployment, `INTERRUPTED in step ${step.name}`, error.todo, [...goOn, ...again]);
        return EXIT.interrupted;
      }
      if (!(error instanceof StepFailure)) throw error;
      const { message, todo, further } = error;
      const title = further.declined === true ? `STOPPED at step ${step.name}` : `FAILED: step ${step.name}`;
      tell(deployment, `${title}: ${message}`, todo, [...(further.goOn ?? goOn), ...again]);
      return EXIT.failed;
    }
    deployment.say(`done in ${String(Math.round((ports.looking.nowMs() - startedMs) / 1000))} s`);
  }
  return EXIT.done;
}

function tell({ ports, stack }: Deployment, headline: string, todo: readonly string[], goOn: readonly string[]): void {
  const lines = todo.map((line) => `  ${line}\n`).join('');
  ports.err(`\n${headline}\n${lines}\nTo continue:\n  ${deployCommand(stack, ...goOn)}\n`);
}

/** How long an interrupted step may take until it ends. */
const GRACE_MS = 1000;

/** An interrupted step that runs a program ends with that program; any other step is abandoned after a second. */
async function interruptible(deployment: Deployment, work: Promise<void>): Promise<void> {
  const { interruption } = deployment.ports;
  let timer: NodeJS.Timeout | undefined;
  const left = new Promise<never>((_resolve, reject) => {
    const begin = (): void => {
      if (interruption.isWaiting) return;
      timer = setTimeout(() => {
        reject(new Interrupted());
      }, GRACE_MS);
    };
    if (interruption.signal.aborted) begin();
    else interruption.signal.addEventListener('abort', begin, { once: true });
  });
  try {
    await Promise.race([work, left]);
  } finally {
    clearTimeout(timer);
  }
}
