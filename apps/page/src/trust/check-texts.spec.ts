import { attestationErrorCodes } from '@communique-tee/attestation/browser';
import { CHECK_NAMES, enclaveErrorCodes, type NoteCode } from '@communique-tee/enclave-identity/browser';
import english from '../text/languages/en';
import { checksOf, failureSentence, GROUPS, titleOf } from './check-texts';

const NOTES: Readonly<Record<NoteCode, true>> = {
  development_root: true,
  unknown_fields: true,
  nonce_not_compared: true,
  image_not_compared: true,
  operator_not_compared: true,
  any_operator: true,
  key_binding_absent: true,
  configuration_not_fetched: true,
};

it('English has a title for each check and a sentence for each note and failure, and for no other code', () => {
  expect(Object.keys(english.checks.titles).sort()).toEqual(['answer', ...CHECK_NAMES].sort());
  expect(Object.keys(english.checks.notes).sort()).toEqual(Object.keys(NOTES).sort());
  expect(Object.keys(english.checks.failures).sort()).toEqual([...attestationErrorCodes, ...enclaveErrorCodes].sort());
});

it('every check is shown in one group', () => {
  expect(GROUPS.flatMap(checksOf).sort()).toEqual([...CHECK_NAMES].sort());
});

it('a check or a failure that the catalogue does not know yet is shown as the library names it', () => {
  expect(titleOf('a_newer_check' as never)).toBe('a newer check');
  for (const code of ['ERR_NEWER', '__proto__', 'constructor', 'toString'])
    expect(failureSentence(code, 'something is wrong')).toBe('Something is wrong.');
});
