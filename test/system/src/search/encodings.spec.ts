import { congressMessageSchema } from '@communique-tee/protocol';
import { plantedMessage } from '../planted-message';
import { find } from './find';

const text = 'name "Ž&<é>\' 0123456789ab/+';
const fields = { name: text };
const bytes = Buffer.from(text);

it.each<[string, Buffer | string]>([
  ['plain', text],
  ['UTF-16', Buffer.from(text, 'utf16le')],
  ['UTF-16, big-endian', Buffer.from(text, 'utf16le').swap16()],
  ['UTF-16 in hex', Buffer.from(text, 'utf16le').toString('hex')],
  ['UTF-16 in base64', Buffer.from(`x${text}`, 'utf16le').toString('base64')],
  ['base64 that begins with the text', bytes.toString('base64')],
  [
    'base64 with one byte before the text',
    Buffer.concat([Buffer.from('1'), bytes, Buffer.from('2')]).toString('base64'),
  ],
  [
    'base64 with two bytes before the text',
    Buffer.concat([Buffer.from('12'), bytes, Buffer.from('3')]).toString('base64'),
  ],
  ['base64url', Buffer.concat([Buffer.from('1'), bytes]).toString('base64url')],
  ['hex in upper case', bytes.toString('hex').toUpperCase()],
  ['hex with colons', [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')],
  ['a list of bytes', JSON.stringify([...bytes])],
  ['a printed Buffer', `<Buffer ${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}>`],
  ['JSON', JSON.stringify({ text })],
  ['JSON in JSON', JSON.stringify(JSON.stringify({ text }))],
  ['a URL', `?x=${encodeURIComponent(text)}`],
  ['a URL in a URL', encodeURIComponent(`?x=${encodeURIComponent(text)}`)],
  ['a form', new URLSearchParams({ text }).toString()],
  ['XML', '<a>name &quot;Ž&amp;&lt;é&gt;&apos; 0123456789ab/+</a>'],
  ['XML with numeric entities', '<a>name &quot;&#381;&amp;&lt;&#233;&gt;&apos; 0123456789ab/+</a>'],
])('finds a text in %s', (_, hidden) => {
  const remains = Buffer.concat([Buffer.from('before '), Buffer.from(hidden), Buffer.from(' after')]);
  expect(find(fields, [{ where: 'here', bytes: remains }]).length).toBeGreaterThan(0);
});

it.each<[string, (secret: Buffer) => Buffer | string]>([
  ['as it is', (secret) => secret],
  ['in hex in upper case', (secret) => secret.toString('hex').toUpperCase()],
  ['as a field element of bb.js', (secret) => `0x${secret.toString('hex')}`],
  ['as a decimal number, as in Noir', (secret) => BigInt(`0x${secret.toString('hex')}`).toString()],
  ['in base64url after one byte', (secret) => Buffer.concat([Buffer.from('1'), secret]).toString('base64url')],
  ['in a printed Buffer', (secret) => `<Buffer ${(secret.toString('hex').match(/../g) ?? []).join(' ')}>`],
  ['in a list of bytes', (secret) => JSON.stringify([...secret])],
  ['in a row of PostgreSQL in base64', (secret) => Buffer.from(`\\x${secret.toString('hex')}`).toString('base64')],
])('finds a secret of 32 bytes %s', (_, hide) => {
  const secret = Buffer.from(Array.from({ length: 32 }, (__, at) => (at * 41 + 7) % 256));
  const hidden = Buffer.concat([Buffer.from('before '), Buffer.from(hide(secret)), Buffer.from(' after')]);
  expect(find({ secret }, [{ where: 'here', bytes: hidden }]).length).toBeGreaterThan(0);
  expect(find({ secret: Buffer.alloc(32, 5) }, [{ where: 'here', bytes: hidden }])).toEqual([]);
});

it('finds nothing in other text', () => {
  expect(find(fields, [{ where: 'here', bytes: Buffer.from('name "Z&<e>\' 0123456789aa/+') }])).toEqual([]);
});

it('plants a unique text in every free-text field of a message', () => {
  const { message, fields: planted } = plantedMessage();
  expect(congressMessageSchema.safeParse(message).success).toBe(true);
  const { shape } = congressMessageSchema;
  const names = [...Object.keys(shape.constituent.shape), ...Object.keys(shape.message.shape), ...Object.keys(shape)];
  // Fields without free text, whose values many messages share
  const shared = ['state', 'topics', 'bills', 'stance', 'version', 'offices', 'constituent', 'message', 'proof'];
  const choices = ['responseRequested', 'newsletterOptIn'];
  expect(names.filter((name) => ![...shared, ...choices].includes(name) && planted[name] === undefined)).toEqual([]);
});
