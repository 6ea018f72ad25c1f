export interface SiteFacts {
  /** `pcr3` null: under any operator. */
  readonly accepted: readonly { readonly pcr0: string; readonly pcr3: string | null }[];
  readonly developmentRootPem: string | null;
}

/** What the server says of itself (GET /api/page); undefined where it says nothing usable. Its word and no more. */
export async function siteFacts(): Promise<SiteFacts | undefined> {
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
      accepted: accepted.flatMap((each) => {
        const { pcr0, pcr3 } = (typeof each === 'object' && each !== null ? each : {}) as Record<string, unknown>;
        return isMeasurement(pcr0) && (pcr3 === null || isMeasurement(pcr3)) ? [{ pcr0, pcr3 }] : [];
      }),
      developmentRootPem:
        typeof said?.developmentRoot === 'string' && said.developmentRoot.length < 8192 ? said.developmentRoot : null,
    };
  } catch {
    return undefined;
  }
}

function isMeasurement(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{96}$/.test(value);
}
