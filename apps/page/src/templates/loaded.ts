// Imported just before the templates are fetched, apart from the first bundle: a person who starts without a template does not wait for it.
export { Chooser } from './chooser';
export { fetchTemplates } from './fetch-templates';
