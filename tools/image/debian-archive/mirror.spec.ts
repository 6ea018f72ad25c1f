import { archiveOf, findMirror, mirrorFromTargets } from './mirror';

describe('the Debian mirror', () => {
  it('is the Debian archive in apt’s configuration, even if other repositories are in it', () => {
    const targets = [
      'https://packages.example.test/apt some-product main',
      'http://mirror.example.test/debian/ bookworm main',
      'http://mirror.example.test/debian/ bookworm-updates main',
      'http://security.example.test/debian-security/ bookworm-security main',
      '',
    ].join('\n');
    expect(mirrorFromTargets(targets)).toEqual({
      main: 'http://mirror.example.test/debian',
      security: 'http://security.example.test/debian-security',
    });
  });

  it('is not found if apt serves another distribution', () => {
    expect(mirrorFromTargets('http://archive.example.test/ubuntu/ noble main\n').main).toBeUndefined();
  });

  it('can be set by a variable, and its security archive by another variable', () => {
    const mirror = findMirror({
      COMMUNIQUE_DEBIAN_MIRROR: 'http://snapshot.example.test/20261122/debian/',
      COMMUNIQUE_DEBIAN_SECURITY_MIRROR: 'http://snapshot.example.test/20261122/debian-security/',
    });
    expect(archiveOf(mirror, 'trixie')).toBe('http://snapshot.example.test/20261122/debian');
    expect(archiveOf(mirror, 'bookworm-security')).toBe('http://snapshot.example.test/20261122/debian-security');
  });
});
