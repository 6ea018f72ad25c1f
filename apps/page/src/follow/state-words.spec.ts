import { duplicateQuestion, errorWords } from './state-words';

describe('the question before a message may be delivered twice', () => {
  it('says that it may already have been delivered, and by whom again', () => {
    expect(duplicateQuestion({ when: 'sending_again', chambers: ['senate'] })).toBe(
      'The server reports that the enclave lost its key. Your message may already have been delivered, and the Senate may deliver it a second time. Send again?',
    );
  });

  it('says what a server can do with keys that several enclaves share', () => {
    expect(duplicateQuestion({ when: 'sending', chambers: ['house', 'senate'] })).toBe(
      'Several enclaves can open this message, and the House and the Senate may deliver it twice if the server gives it to more than one. Send it?',
    );
  });

  it('is answered no without a delivery', () => {
    expect(errorWords({ code: 'duplicate_not_accepted', problem: undefined, reason: undefined })).toBe(
      'You did not agree that an office may get it twice.',
    );
  });
});
