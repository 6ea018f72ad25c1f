// HEALTHCHECK of the gateway's image. It checks liveness (docs/operations.md). The image has neither curl nor wget.
try {
  const { status } = await fetch(`http://127.0.0.1:${process.env.PORT ?? '3001'}/health`, {
    signal: AbortSignal.timeout(4000),
  });
  process.exitCode = status === 200 ? 0 : 1;
} catch {
  process.exitCode = 1;
}
