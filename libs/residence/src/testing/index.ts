export { describeProving, referenceStringFolders, referenceStringForTests } from './reference-string';
