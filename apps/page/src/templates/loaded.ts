// Loaded with the list of templates, so that a person who starts from no text does not wait for it.
export { Chooser } from './chooser';
export { fetchTemplates } from './fetch-templates';
