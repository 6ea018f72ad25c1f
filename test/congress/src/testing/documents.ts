/** The fields of a document for tests. The documents are written by hand, independently of the enclave's code. */
export interface Fields {
  deliveryId?: string;
  office?: string;
  prefix?: string;
  subject?: string;
  /** XML that is put into the Message element unchanged. */
  inMessage?: string;
}

/** Returns the smallest document that the schema accepts. */
export function minimalCwc({
  deliveryId = 'A1b2C3d4E5f6A1b2C3d4E5f6A1b2C3d4',
  office = 'HCA12',
  prefix = 'Ms.',
  subject = 'Clean water',
  inMessage = '',
}: Fields = {}): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<CWC>
  <CWCVersion>2.0</CWCVersion>
  <Delivery>
    <DeliveryId>${deliveryId}</DeliveryId>
    <DeliveryDate>20261122</DeliveryDate>
    <DeliveryAgent>Test agent</DeliveryAgent>
    <DeliveryAgentAckEmailAddress>ack@agent.example</DeliveryAgentAckEmailAddress>
    <DeliveryAgentContact>
      <DeliveryAgentContactName>Test Contact</DeliveryAgentContactName>
      <DeliveryAgentContactEmail>contact@agent.example</DeliveryAgentContactEmail>
      <DeliveryAgentContactPhone>202-555-0100</DeliveryAgentContactPhone>
    </DeliveryAgentContact>
    <CampaignId>c1</CampaignId>
  </Delivery>
  <Recipient><MemberOffice>${office}</MemberOffice></Recipient>
  <Constituent>
    <Prefix>${prefix}</Prefix>
    <FirstName>Test</FirstName>
    <LastName>Person</LastName>
    <Address1>1 Test Street</Address1>
    <City>Oakland</City>
    <StateAbbreviation>CA</StateAbbreviation>
    <Zip>94601</Zip>
    <Email>person@test.example</Email>
  </Constituent>
  <Message>
    <Subject>${subject}</Subject>
    <LibraryOfCongressTopics><LibraryOfCongressTopic>Health</LibraryOfCongressTopic></LibraryOfCongressTopics>
    ${inMessage}
    <ConstituentMessage>Please keep the water clean.</ConstituentMessage>
  </Message>
</CWC>
`;
}

/** Returns a document with every element of the schema at least once. */
export function fullCwc(): string {
  return minimalCwc({
    inMessage: `<Bills>
      <Bill><BillCongress>119</BillCongress><BillTypeAbbreviation>hr</BillTypeAbbreviation><BillNumber>1234</BillNumber></Bill>
      <Bill><BillNumber>7</BillNumber></Bill>
      <Bill/>
    </Bills>
    <ProOrCon>Pro</ProOrCon>
    <MoreInfo>https://example.org/a?b=c#d</MoreInfo>
    <OrganizationStatement>A statement of the organization.</OrganizationStatement>`,
  })
    .replace(
      '</CampaignId>',
      `</CampaignId>
    <Organization>Test organization</Organization>
    <OrganizationContact>
      <OrganizationContactName>Org Contact</OrganizationContactName>
      <OrganizationContactEmail>org@agent.example</OrganizationContactEmail>
      <OrganizationContactPhone>202-555-0101</OrganizationContactPhone>
    </OrganizationContact>
    <OrganizationAbout>What it is about</OrganizationAbout>`,
    )
    .replace(
      '</MemberOffice>',
      '</MemberOffice><IsResponseRequested>Y</IsResponseRequested><NewsletterOptIn>n</NewsletterOptIn>',
    )
    .replace(
      '</Email>',
      `</Email><MiddleName>M</MiddleName><Suffix>Jr.</Suffix><Title>Professor</Title>
    <ConstituentOrganization>Test club</ConstituentOrganization><Address2>Apt 2</Address2><Address3>c/o Test</Address3>
    <Phone>510-555-0100</Phone><AddressValidation>y</AddressValidation><EmailValidation>N</EmailValidation>`,
    )
    .replace(
      '</LibraryOfCongressTopic>',
      '</LibraryOfCongressTopic><LibraryOfCongressTopic>Arts, Culture, Religion</LibraryOfCongressTopic>',
    );
}
