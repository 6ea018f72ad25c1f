// Not part of the first bundle, so that a person who starts without a template does not wait for it.
export { Chooser } from './chooser';
export { fetchTemplates } from './fetch-templates';
