import {
  createCwcJudge,
  describeWithRelaxNg,
  judgeByRelaxNg,
  parseXml,
  type CwcJudge,
  type XmlElement,
} from '@communique-tee/congress-simulator';
import { CHAMBERS, STATES, congressMessageSchema, type CongressMessage } from '@communique-tee/protocol';
import * as fc from 'fast-check';
import { buildCwc, CwcError, renderUncheckedCwc, type CwcInput } from './cwc-xml';
import { anyMessage, brokenMessage, TEST_AGENT, testMessage } from './testing/messages';

const input = (message: CongressMessage, more: Partial<CwcInput> = {}): CwcInput => ({
  office: message.offices[0] ?? '',
  message,
  deliveryAgent: TEST_AGENT,
  deliveryId: 'A1b2C3d4E5f6A1b2C3d4E5f6A1b2C3d4',
  now: new Date('2026-11-22T23:59:59.999Z'),
  ...more,
});
let judgeCwc: CwcJudge;
beforeAll(async () => {
  judgeCwc = await createCwcJudge();
});
const bytes = (xml: string) => new TextEncoder().encode(xml);
const accepts = (message: unknown) => congressMessageSchema.safeParse(message).success;

/** Returns the texts of all leaf elements, by element name. */
function leaves(element: XmlElement, found: Record<string, string[]> = {}): Record<string, string[]> {
  if (element.children.length === 0) (found[element.name] ??= []).push(element.text);
  for (const child of element.children) leaves(child, found);
  return found;
}

describe('the CWC document', () => {
  it('has an element for each given field, in the order of the schema, and no others', () => {
    const message = testMessage();
    const xml = buildCwc(
      input({
        ...message,
        responseRequested: true,
        newsletterOptIn: false,
        message: { ...message.message, stance: 'con' },
      }),
    );
    expect([...xml.matchAll(/<([A-Za-z0-9]+)>/g)].map(([, name]) => name)).toEqual([
      ...[
        'CWC',
        'CWCVersion',
        'Delivery',
        'DeliveryId',
        'DeliveryDate',
        'DeliveryAgent',
        'DeliveryAgentAckEmailAddress',
        'DeliveryAgentContact',
      ],
      ...['DeliveryAgentContactName', 'DeliveryAgentContactEmail', 'DeliveryAgentContactPhone', 'CampaignId'],
      ...['Recipient', 'MemberOffice', 'IsResponseRequested', 'NewsletterOptIn'],
      ...['Constituent', 'Prefix', 'FirstName', 'LastName', 'Address1', 'City', 'StateAbbreviation', 'Zip', 'Email'],
      ...['Message', 'Subject', 'LibraryOfCongressTopics', 'LibraryOfCongressTopic', 'ProOrCon', 'ConstituentMessage'],
    ]);
    expect(leaves(parseXml(bytes(xml)))).toMatchObject({
      DeliveryDate: ['20261122'],
      IsResponseRequested: ['Y'],
      NewsletterOptIn: ['N'],
      ProOrCon: ['Con'],
    });
  });

  it('has the same length for every office that exists', () => {
    const message = testMessage();
    const lengths = STATES.flatMap((state) =>
      Object.values(CHAMBERS).flatMap(({ offices }) =>
        offices(state).map((office) => {
          const addressed = { ...message, offices: [office], constituent: { ...message.constituent, state } };
          return bytes(buildCwc(input(addressed))).length;
        }),
      ),
    );
    expect(lengths.length).toBeGreaterThan(535); // 435 districts and 100 senators, plus the delegates
    expect(new Set(lengths).size).toBe(1);
  });

  it('has the organization’s statement before the person’s words, or without them', () => {
    const message = testMessage();
    const organization = { name: 'Test organization', contact: { email: 'org@test.example' } };
    const words = { ...message.message, organizationStatement: 'The organization asks for clean water.' };
    const both = buildCwc(input({ ...message, organization, message: words }));
    const { body: _body, ...statementAlone } = words;
    const alone = buildCwc(input({ ...message, organization, message: statementAlone }));
    for (const xml of [both, alone]) {
      expect(judgeCwc(bytes(xml), 'house').valid).toBe(true);
      expect(xml).toContain(
        '<CampaignId>c1</CampaignId><Organization>Test organization</Organization>' +
          '<OrganizationContact><OrganizationContactEmail>org@test.example</OrganizationContactEmail></OrganizationContact>',
      );
    }
    const statement = '<OrganizationStatement>The organization asks for clean water.</OrganizationStatement>';
    expect(both).toContain(
      `${statement}<ConstituentMessage>Please keep the water clean.</ConstituentMessage></Message>`,
    );
    expect(alone).toContain(`${statement}</Message>`);
  });

  it('omits reply and newsletter if the sender made no choice', () => {
    expect(buildCwc(input(testMessage()))).not.toMatch(
      /Organization|IsResponseRequested|NewsletterOptIn|ProOrCon|Bills|MoreInfo|Phone>\d{3}-\d{3}-\d{4}<\/Phone/,
    );
  });

  it('is accepted by each chamber’s judge for offices of that chamber only', () => {
    const xml = (office: string) => bytes(buildCwc(input(testMessage(), { office })));
    expect(judgeCwc(xml('HCA12'), 'house').valid).toBe(true);
    expect(judgeCwc(xml('SCA03'), 'senate').valid).toBe(true);
    expect(judgeCwc(xml('HCA12'), 'senate').valid).toBe(false);
    expect(judgeCwc(xml('SCA03'), 'house').valid).toBe(false);
  });

  it('carries every field unchanged', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        fc.pre(accepts(message));
        const found = leaves(parseXml(bytes(buildCwc(input(message)))));
        const { constituent, message: said } = message;
        const one = (value: string | undefined) => (value === undefined ? undefined : [value]);
        expect(found).toMatchObject({
          CampaignId: [message.campaignId],
          Subject: [said.subject],
          LibraryOfCongressTopic: said.topics,
        });
        expect(found['ConstituentMessage']).toEqual(one(said.body));
        expect(found['MoreInfo']).toEqual(one(said.moreInfo));
        expect(found['OrganizationStatement']).toEqual(one(said.organizationStatement));
        const { organization } = message;
        expect(found['Organization']).toEqual(one(organization?.name));
        expect(found['OrganizationAbout']).toEqual(one(organization?.about));
        expect(found['OrganizationContactName']).toEqual(one(organization?.contact?.name));
        expect(found['OrganizationContactEmail']).toEqual(one(organization?.contact?.email));
        expect(found['OrganizationContactPhone']).toEqual(one(organization?.contact?.phone));
        const names = {
          Prefix: 'prefix',
          FirstName: 'firstName',
          MiddleName: 'middleName',
          LastName: 'lastName',
          Suffix: 'suffix',
          Title: 'title',
          ConstituentOrganization: 'organization',
          Address1: 'address1',
          Address2: 'address2',
          Address3: 'address3',
          City: 'city',
          StateAbbreviation: 'state',
          Zip: 'zip',
          Email: 'email',
          Phone: 'phone',
        } as const;
        for (const [element, field] of Object.entries(names)) expect(found[element]).toEqual(one(constituent[field]));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the message schema, compared with the simulator’s CWC schema', () => {
  it('accepts no text that the judge refuses', () => {
    let [accepted, refused] = [0, 0];
    fc.assert(
      fc.property(fc.oneof(anyMessage, brokenMessage), (message) => {
        const verdict = judgeCwc(bytes(renderUncheckedCwc(input(message))), 'house');
        if (!verdict.valid) refused++;
        if (!accepts(message)) return;
        accepted++;
        expect(verdict).toMatchObject({ valid: true });
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(150);
    expect(refused).toBeGreaterThan(150);
  });

  it('applies the length rules exactly at their limits', () => {
    const withField = (field: string, value: string) => ({
      ...testMessage(),
      constituent: { ...testMessage().constituent, [field]: value },
    });
    expect(accepts(withField('city', 'x'.repeat(500)))).toBe(true);
    expect(accepts(withField('city', 'x'.repeat(501)))).toBe(false);
    expect(accepts(withField('city', '\u{1f5fd}\u{1f5fd}'))).toBe(false); // four UTF-16 units, two characters
    expect(accepts(withField('city', '\u{1f5fd}\u{1f5fd}\u{1f5fd}'))).toBe(true);
    expect(accepts(withField('prefix', ' '))).toBe(false);
  });
});

describeWithRelaxNg('the message schema, compared with the House’s RELAX NG schema (libxml2)', () => {
  it('accepts no text that Congress refuses', async () => {
    const messages = [...fc.sample(anyMessage, 500), ...fc.sample(brokenMessage, 2000)];
    const verdicts = await judgeByRelaxNg(messages.map((message) => renderUncheckedCwc(input(message))));
    const wrong = messages.filter((message, index) => accepts(message) && verdicts[index]?.valid !== true);
    expect(wrong).toEqual([]);
    expect(verdicts.filter(({ valid }) => !valid).length).toBeGreaterThan(300);
    expect(messages.filter(accepts).length).toBeGreaterThan(300);
  });
});

describe('a CWC document that breaks the schema', () => {
  const broken = (more: Partial<CwcInput>, part: CwcError['part']) => {
    expect(() => buildCwc(input(testMessage(), more))).toThrow(
      expect.objectContaining({ name: 'CwcError', code: 'cwc_invalid', part }),
    );
  };

  it('is never built, whichever part is wrong', () => {
    broken({ message: { ...testMessage(), campaignId: 'x' } }, 'message');
    broken({ office: 'HCA13' }, 'office'); // not one of the message's offices
    broken({ deliveryAgent: { ...TEST_AGENT, contactName: 'short' } }, 'deliveryAgent');
    broken({ deliveryId: 'A'.repeat(31) }, 'deliveryId');
    broken({ deliveryId: `${'A'.repeat(31)}<` }, 'deliveryId');
    broken({ now: new Date(NaN) }, 'now');
  });

  it('is reported by the name of the wrong part only', () => {
    try {
      buildCwc(input({ ...testMessage(), campaignId: 'x' }));
    } catch (error) {
      expect(String(error)).toBe('CwcError: the message does not fit the CWC schema');
    }
    expect.assertions(1);
  });
});
