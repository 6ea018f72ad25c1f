/**
 * English: the texts of the page, in plain words (eighth-grade). A section for each part of the page. `{name}` is filled in; a text that
 * depends on `{count}` has a form for each plural category of its language.
 */
const english = {
  common: {
    title: 'Write to Congress in private',
    wordmark: 'communiqué',
    skip: 'Skip to the content',
    pages: 'Pages',
    write: 'Write',
    verify: 'Verify',
    status: 'Status',
    api: 'API',
    language: 'Language',
    noThirdParty: 'This page loads nothing from third parties and sets no cookies.',
    optional: 'optional',
    details: 'Details',
    copy: 'Copy',
    copied: 'Copied',
    copyFailed: 'Your browser did not copy it. Select the text and copy it.',
    left: { one: '{count} character left', other: '{count} characters left' },
    tooMany: { one: '{count} character too many', other: '{count} characters too many' },
    fewerLeft: { other: 'At most {count} characters left' },
    overLimit: 'Too long',
    backTo: 'Back to: {step}',
    typeToFilter: 'Type to search the list',
    showAll: 'Show the whole list',
    noMatch: 'Nothing in the list matches.',
    chosen: '{name}: your choices',
    added: 'Added: {name}',
    removed: 'Removed: {name}',
    remove: 'Remove: {name}',
    step: 'Step {number} of {total}',
    fix: { one: 'Please fix {count} field', other: 'Please fix {count} fields' },
    allFixed: 'All fixed. You can go on.',
    fixed: '✓ Fixed: {name}',
    pageFault: 'This page has a fault. Your browser’s console has the details.',
  },
  trust: {
    checking: 'Checking the enclave …',
    verified: 'Verified enclave',
    refused: 'Not verified. Sending is blocked.',
    unreachable: 'The server does not answer. Sending is blocked.',
    demo: 'DEMO',
    demoMeaning: 'Made-up hardware and a simulated Congress. This proves nothing: write nothing real.',
    seeProof: 'See the proof',
    again: 'Check again',
  },
  verify: {
    title: 'What this enclave proves',
  },
  status: {
    title: 'Status',
  },
  write: {
    title: 'Write to Congress in private',
    lead: 'Your message is sealed on your device. Only a verified enclave can open it; the server in between cannot.',
  },
};
export default english;
