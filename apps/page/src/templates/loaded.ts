// What is loaded with the list of templates: who starts from no text does not wait for it.
export { Chooser } from './chooser';
export { fetchTemplates } from './fetch-templates';
