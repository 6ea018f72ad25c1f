export interface ServerWords {
  readonly acceptedPcr0s: readonly string[];
  readonly developmentRootPem: string | null;
}

/** What the server says of itself (GET /api/page); undefined where it says nothing usable. Its word and no more. */
export async function serverWords(): Promise<ServerWords | undefined> {
  try {
    const response = await fetch('/api/page', {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) return undefined;
    const said = (await response.json()) as { acceptedMeasurements?: unknown; developmentRoot?: unknown } | null;
    const accepted: readonly unknown[] = Array.isArray(said?.acceptedMeasurements)
      ? said.acceptedMeasurements.slice(0, 32)
      : [];
    return {
      acceptedPcr0s: accepted.flatMap((each) =>
        typeof each === 'object' &&
        each !== null &&
        'pcr0' in each &&
        typeof each.pcr0 === 'string' &&
        /^[0-9a-f]{96}$/.test(each.pcr0)
          ? [each.pcr0]
          : [],
      ),
      developmentRootPem:
        typeof said?.developmentRoot === 'string' && said.developmentRoot.length < 8192 ? said.developmentRoot : null,
    };
  } catch {
    return undefined;
  }
}
