import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withProvidersSimulator } from '@communique-tee/enclave/configuration/providers-simulator';
import { spawnService, temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { YAML11_SCHEMA, load } from 'js-yaml';
import * as z from 'zod';

const root = workspaceRoot();
const composeSchema = z.looseObject({
  services: z.record(
    z.string(),
    z.looseObject({
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

it('the development profile turns agents on, and names the simulator of providers in the enclave’s configuration', async () => {
  const { services } = composeSchema.parse(
    load(readFileSync(join(root, 'docker/compose.yaml'), 'utf8'), { schema: YAML11_SCHEMA }),
  );
  expect(services['gateway-development']?.environment?.['AGENTS']).toBe('on');
  const state = await temporaryFolder('compose');
  /** Returns the command of a container, with a free port and another folder in place of the volumes. */
  const commandOf = (name: string) =>
    (services[name]?.command ?? []).slice(1).map((part) => part.replace('/state', state.path).replace(/^[0-9]+$/, '0'));
  try {
    const setUp = spawnSync(process.execPath, [...commandOf('development-setup'), '--folder', state.path], {
      cwd: root,
    });
    expect(setUp.status).toBe(0);
    const simulator = await spawnService({
      command: process.execPath,
      args: commandOf('providers'),
      cwd: root,
      env: { PATH: process.env['PATH'] },
      readyWhen: /^ready$/m,
    });
    const configuration: unknown = JSON.parse(readFileSync(state.file('private/enclave.json'), 'utf8'));
    const { providers } = z
      .object({
        services: z.object({
          agents: z.object({ providers: z.record(z.string(), z.looseObject({ origin: z.string() })) }),
        }),
      })
      .parse(withProvidersSimulator(configuration, join(state.path, 'private'))).services.agents;
    expect(Object.keys(providers).sort()).toEqual(['anthropic', 'gemini', 'openai']);
    expect(simulator.output()).toContain(`openai ${String(providers['openai']?.origin)}`);
    expect(await simulator.stop()).toEqual({ code: 0, signal: null });
  } finally {
    await state.remove();
  }
});
