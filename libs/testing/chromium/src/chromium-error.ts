/** This machine has no Chromium. */
export class ChromiumUnavailableError extends Error {
  override readonly name = 'ChromiumUnavailableError';
  readonly code = 'CHROMIUM_UNAVAILABLE';

  constructor() {
    super('there is no Chromium here (apt-get install chromium, or set CHROMIUM_PATH)');
  }
}
