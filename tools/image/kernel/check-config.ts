// The kernel's own tools silently drop an option whose dependencies are missing. These checks report it.

/** Returns the settings by option, from lines `CONFIG_X=value` and `# CONFIG_X is not set`. */
export function statements(config: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of config.split('\n')) {
    const set = /^(CONFIG_\w+)=(.*)$/.exec(line);
    if (set?.[1] !== undefined && set[2] !== undefined) found.set(set[1], set[2]);
    const unset = /^# (CONFIG_\w+) is not set$/.exec(line);
    if (unset?.[1] !== undefined) found.set(unset[1], 'n');
  }
  return found;
}

/**
 * Returns the options of a fragment that the finished configuration lacks. An option that must be off may be absent, because then its
 * dependencies are off too.
 */
export function unmet(fragment: string, finished: string): string[] {
  const have = statements(finished);
  return [...statements(fragment)]
    .filter(([option, value]) => (have.get(option) ?? 'n') !== value)
    .map(([option, value]) => `${option}=${value} is required; the finished value is ${have.get(option) ?? 'absent'}`);
}

/**
 * Returns the options of a finished configuration that add random-number drivers beside the NSM's. An enclave must have none: the kernel
 * uses the driver with the highest quality, and init ends the enclave if this is not the NSM's driver.
 */
export function otherRandomSources(finished: string): string[] {
  return [...statements(finished)]
    .filter(([option, value]) => /^CONFIG_HW_RANDOM_\w+$/.test(option) && value === 'y')
    .map(([option]) => option);
}
