import { SIMULATED_CHAMBERS, type Chamber } from '../chambers';
import { anyUri, oneOf, positiveInteger, string, stringPattern, tokenPattern, type DataCheck } from './datatypes';

/**
 * The CWC 2.0 schema as data, written from the House's RELAX NG schema and on purpose not shared with the code under test:
 * this is the judge. Chambers differ in MemberOffice alone (../chambers.ts).
 */
export type Rule =
  | { kind: 'data'; check: DataCheck }
  /** Children in this very order, each once. */
  | { kind: 'sequence'; children: readonly (readonly [string, Rule])[] }
  /** Children in any order. `order`: of these, at least one, and in the given order among themselves. */
  | { kind: 'interleave'; children: Readonly<Record<string, readonly [Occurs, Rule]>>; order?: readonly string[] };
export type Occurs = 'one' | 'optional' | 'oneOrMore' | 'zeroOrMore';

const data = (check: DataCheck): Rule => ({ kind: 'data', check });
const email = data(tokenPattern(/^[^@]+@[^.]+\.[^\n\r]+$/u));
const phone = data(tokenPattern(/^[0-9]{3}-[0-9]{3}-[0-9]{4}$/));
const yesOrNo = data(tokenPattern(/^[YyNn]$/));
const text = (min: number, max = 500): Rule => data(string(min, max));

const TOPICS = [
  'Agriculture and Food',
  'Animals',
  'Armed Forces and National Security',
  'Arts, Culture, Religion',
  'Civil Rights and Liberties, Minority Issues',
  'Commerce',
  'Congress',
  'Crime and Law Enforcement',
  'Economics and Public Finance',
  'Education',
  'Emergency Management',
  'Energy',
  'Environmental Protection',
  'Families',
  'Finance and Financial Sector',
  'Foreign Trade and International Finance',
  'Government Operations and Politics',
  'Health',
  'Housing and Community Development',
  'Immigration',
  'International Affairs',
  'Labor and Employment',
  'Law',
  'Native Americans',
  'Public Lands and Natural Resources',
  'Science, Technology, Communications',
  'Social Sciences and History',
  'Social Welfare',
  'Sports and Recreation',
  'Taxation',
  'Transportation and Public Works',
  'Water Resources Development',
];

const BILL: Rule = {
  kind: 'interleave',
  children: {
    BillCongress: ['optional', data(positiveInteger)],
    BillTypeAbbreviation: [
      'optional',
      data(tokenPattern(/^(hamdt|hconres|hjres|hr|hres|s|samdt|sconres|sjres|sres)$/)),
    ],
    BillNumber: ['optional', data(positiveInteger)],
  },
};

const DELIVERY: Rule = {
  kind: 'interleave',
  children: {
    DeliveryId: ['one', data(tokenPattern(/^[a-zA-Z0-9]{32}$/))],
    DeliveryDate: ['one', data(tokenPattern(/^[0-9]{8}$/))],
    DeliveryAgent: ['one', text(4)],
    DeliveryAgentAckEmailAddress: ['one', email],
    DeliveryAgentContact: [
      'one',
      {
        kind: 'interleave',
        children: {
          DeliveryAgentContactName: ['one', text(6)],
          DeliveryAgentContactEmail: ['one', email],
          DeliveryAgentContactPhone: ['one', phone],
        },
      },
    ],
    CampaignId: ['one', text(2)],
    Organization: ['optional', text(6)],
    OrganizationContact: [
      'optional',
      {
        kind: 'interleave',
        children: {
          OrganizationContactName: ['optional', text(2)],
          OrganizationContactEmail: ['optional', email],
          OrganizationContactPhone: ['optional', phone],
        },
      },
    ],
    OrganizationAbout: ['optional', text(6)],
  },
};

const CONSTITUENT: Rule = {
  kind: 'interleave',
  children: {
    Prefix: ['one', text(1)],
    FirstName: ['one', text(1)],
    LastName: ['one', text(1)],
    Address1: ['one', text(3)],
    City: ['one', text(3)],
    StateAbbreviation: [
      'one',
      data(
        tokenPattern(
          /^(AK|AL|AR|AS|AZ|CA|CO|CT|DC|DE|FL|GA|GU|HI|IA|ID|IL|IN|KS|KY|LA|MA|MD|ME|MI|MN|MO|MP|MS|MT|NC|ND|NE|NH|NJ|NM|NV|NY|OH|OK|OR|PA|PR|RI|SC|SD|TN|TX|UT|VA|VI|VT|WA|WI|WV|WY)$/,
        ),
      ),
    ],
    Zip: ['one', data(stringPattern(/^[0-9]{5}(-[0-9]{4})?$/))],
    Email: ['one', email],
    MiddleName: ['optional', text(1)],
    Suffix: ['optional', text(1)],
    Title: ['optional', text(1)],
    ConstituentOrganization: ['optional', text(3)],
    Address2: ['optional', text(3)],
    Address3: ['optional', text(3)],
    Phone: ['optional', phone],
    AddressValidation: ['optional', yesOrNo],
    EmailValidation: ['optional', yesOrNo],
  },
};

const MESSAGE: Rule = {
  kind: 'interleave',
  children: {
    Subject: ['one', text(6)],
    LibraryOfCongressTopics: [
      'one',
      { kind: 'interleave', children: { LibraryOfCongressTopic: ['oneOrMore', data(oneOf(TOPICS))] } },
    ],
    Bills: ['optional', { kind: 'interleave', children: { Bill: ['zeroOrMore', BILL] } }],
    ProOrCon: ['optional', data(tokenPattern(/^([Pp][Rr][Oo]|[Cc][Oo][Nn])$/))],
    MoreInfo: ['optional', data(anyUri)],
    OrganizationStatement: ['optional', text(6, 10_000)],
    ConstituentMessage: ['optional', text(6, 10_000)],
  },
  order: ['OrganizationStatement', 'ConstituentMessage'],
};

export function cwcGrammar(chamber: Chamber): Rule {
  return {
    kind: 'sequence',
    children: [
      ['CWCVersion', data(oneOf(['2.0']))],
      ['Delivery', DELIVERY],
      [
        'Recipient',
        {
          kind: 'interleave',
          children: {
            MemberOffice: ['one', data(tokenPattern(SIMULATED_CHAMBERS[chamber].memberOffice))],
            IsResponseRequested: ['optional', yesOrNo],
            NewsletterOptIn: ['optional', yesOrNo],
          },
        },
      ],
      ['Constituent', CONSTITUENT],
      ['Message', MESSAGE],
    ],
  };
}
