export { bundleForBrowser } from './bundle-for-browser';
export { ChromiumUnavailableError } from './chromium-error';
export { chromiumAvailability, findChromium } from './find-chromium';
export {
  openChromium,
  openModuleInChromium,
  type BrowserModule,
  type Chromium,
  type ChromiumOptions,
} from './open-chromium';
