import { ConfigError } from './config-error';
import { readValues } from './read-values';
import type { RawSettings } from './settings-schema';

/** The settings that the registered addresses need. */
export interface AddressSettings extends Pick<RawSettings, 'production' | 'natPerZone' | 'addresses'> {
  readonly stack: string;
  readonly region: string;
}

/**
 * Reads the settings of a stack with `addressOnly`. Such a stack has only its registered addresses; operators create it weeks before they
 * have an image. Other keys may already be set, and each is checked alone.
 * @returns undefined if `addressOnly` is not set
 * @throws ConfigError
 */
export function parseAddressOnly(stack: string, values: Readonly<Record<string, string>>): AddressSettings | undefined {
  const { raw, region, problems } = readValues(stack, values);
  if (raw.addressOnly !== true) return undefined;
  const { production = false, natPerZone = false, addresses = [] } = raw;
  problems.push(...addressProblems({ natPerZone, addresses }));
  if (problems.length > 0 || !region.success) throw new ConfigError(stack, problems);
  return { stack, region: region.data, production, natPerZone, addresses };
}

/** Problems with the operator's own addresses (`addresses`). */
export function addressProblems({ natPerZone, addresses }: Pick<RawSettings, 'natPerZone' | 'addresses'>): string[] {
  const wanted = natPerZone ? 2 : 1;
  if (addresses.length === 0 || addresses.length === wanted) return [];
  return [
    natPerZone
      ? 'addresses: names one, and natPerZone needs two; name both'
      : 'addresses: names two, and without natPerZone only one is used; name one, or set natPerZone',
  ];
}
