import { store } from '../send/sending';
import { values } from './form';
import { beforeSignIn } from './signing-in';

jest.mock('../send/sending', () => {
  const kept = { value: undefined as object | undefined, peek: () => kept.value };
  return { store: { kept }, parkForSignIn: jest.fn(), unpark: jest.fn() };
});
const { kept } = store as unknown as { kept: { value: object | undefined } };
const { parkForSignIn } = jest.requireMock<{ parkForSignIn: jest.Mock }>('../send/sending');
const session = new Map<string, string>();

describe('what waits in the tab while a person signs in', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    session.clear();
    parkForSignIn.mockClear();
    Object.assign(globalThis, {
      sessionStorage: {
        getItem: (key: string) => session.get(key) ?? null,
        setItem: (key: string, text: string) => session.set(key, text),
        removeItem: (key: string) => session.delete(key),
      },
    });
    values['message/body'].value = 'Please keep the park open.';
  });
  afterEach(() => {
    jest.useRealTimers();
    Reflect.deleteProperty(globalThis, 'sessionStorage');
  });

  it('is the draft of a message that was not sent', () => {
    kept.value = undefined;
    beforeSignIn();
    expect([...session.values()].join()).toContain('Please keep the park open.');
    expect(parkForSignIn).not.toHaveBeenCalled();
  });

  it('is not a draft if the message may have been sent, because the page then follows the message and does not send it again', () => {
    kept.value = {};
    beforeSignIn();
    expect([...session.values()]).toEqual([]);
    expect(parkForSignIn).toHaveBeenCalledTimes(1);
  });
});
