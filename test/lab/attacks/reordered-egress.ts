import { attack } from '@communique-tee/lab';

export default attack({
  title: 'reports each office by its own answer when the parent delays connections and changes their order',
  async run(parent) {
    parent.congress.setFaults({
      queue: [{ fault: { kind: 'status', status: 400, body: 'no', stored: false }, office: 'SCA01', times: 'always' }],
    });
    const held: (() => void)[] = [];
    parent.egress.rule = async ({ to }) => {
      // Connections to the House wait for one to the Senate, at most half a second. Then they open in reverse order.
      if (to === 'house') await new Promise<void>((resolve) => held.unshift(resolve));
      else for (const release of held.splice(0)) release();
      return 'pass' as const;
    };
    const timer = setInterval(() => held.splice(0).forEach((release) => release()), 500);
    const message = await parent.seal({ offices: ['HCA12', 'SCA01', 'SCA03'] });
    const { opened } = await parent.read(await parent.relay(message), message);
    clearInterval(timer);
    const outcomes = Object.fromEntries(opened.offices.map(({ office, outcome }) => [office, outcome]));
    parent.expect('each office has its own outcome', outcomes, {
      HCA12: 'accepted',
      SCA01: 'refused',
      SCA03: 'accepted',
    });
    parent.expect(
      'the offices that took a copy are those that are reported',
      parent.congress
        .received()
        .map(({ office }) => office)
        .sort(),
      ['HCA12', 'SCA03'],
    );
  },
});
