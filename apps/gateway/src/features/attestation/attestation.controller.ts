import { Controller, Get, Header, Headers, Query, Res } from '@nestjs/common';
import {
  LIMITS,
  attestationViewSchema,
  fromHex,
  publicConfigurationSchema,
  toHex,
  type AttestationView,
} from '@communique-tee/protocol';
import { ProblemError } from '../../core/problems/problem-error';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { AttestationDocuments, type UnverifiedDocument } from './attestation-documents';
import { EnclaveConfigurations } from './enclave-configurations';
import { ATTESTATION_EXAMPLE, CONFIGURATION_EXAMPLE, CONFIGURATION_SHA256 } from './attestation-examples';
import { negotiate } from '../../core/routing/accept';
import { BINARY, type Tag } from '../../core/routing/operation';
import { Operation } from '../../core/routing/route-policy';

const ATTESTATION: Tag = {
  name: 'Attestation',
  description: 'Verify the enclave before anything is sealed to it.',
};
const JSON_TYPE = 'application/json';
const COSE_TYPE = 'application/cose';

/** The part of a Fastify reply that this file uses. */
interface Reply {
  type(contentType: string): unknown;
  header(name: string, value: string): unknown;
}

/** Passes on the enclaves' documents. The gateway vouches for none of them; the client verifies. */
@Controller('attestation')
export class AttestationController {
  constructor(
    private readonly documents: AttestationDocuments,
    private readonly configurations: EnclaveConfigurations,
  ) {}

  @Get()
  @RateLimit('attestation')
  @Operation({
    id: 'getAttestation',
    tag: ATTESTATION,
    summary: "Get the enclave's attestation document",
    description:
      'With a nonce, the answer is a fresh document that contains the nonce. Without a nonce, the gateway may return a document that it gave to other callers before. The caller verifies the document; the gateway does not vouch for it. Only the document itself is signed, not the fields beside it.',
    parameters: [
      {
        name: 'nonce',
        in: 'query',
        description: '16 to 64 random bytes in hex.',
        schema: { type: 'string', pattern: '^([0-9a-fA-F]{2}){16,64}$' },
        example: ({ random }) => toHex(random(16)),
      },
    ],
    answers: {
      '200': {
        description: 'The document.',
        content: {
          'application/json': { schema: attestationViewSchema, examples: { document: ATTESTATION_EXAMPLE } },
          'application/cose': { schema: { ...BINARY, description: 'The COSE_Sign1 bytes, as the NSM made them.' } },
        },
      },
    },
    problems: [
      'nonce_invalid',
      'not_acceptable',
      'enclave_unavailable',
      'enclave_timeout',
      'enclave_answer_invalid',
      'enclave_busy',
      'keys_not_ready',
    ],
  })
  @Header('Vary', 'Accept')
  async get(
    @Query('nonce') nonceHex: unknown,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<AttestationView | Buffer> {
    const type = negotiate(accept, [JSON_TYPE, COSE_TYPE]);
    if (type === undefined)
      throw new ProblemError('not_acceptable', { detail: `${JSON_TYPE} or ${COSE_TYPE} can be given.` });
    const nonce = readNonce(nonceHex);
    // HTTP caches must not keep a document: one with a nonce is for one client, and this process caches the one without.
    reply.header('cache-control', 'no-store');
    const found = nonce === undefined ? await this.documents.shared() : await this.documents.fresh(nonce);
    reply.type(type);
    return type === COSE_TYPE ? Buffer.from(found.document) : viewOf(found);
  }

  @Get('configuration')
  @Operation({
    id: 'getEnclaveConfiguration',
    tag: ATTESTATION,
    summary: "Get the enclave's public configuration",
    description:
      'The part of the measured configuration that an enclave publishes, in the same bytes as the enclave serves it (canonical JSON, RFC 8785). The key binding in `user_data` of an attestation document contains the SHA-256 of these bytes. Request the configuration by that hash, then hash the answer and compare.',
    parameters: [
      {
        name: 'sha256',
        in: 'query',
        description:
          'SHA-256 of the configuration, in lowercase hex; a malformed value gets 404. Without this parameter the answer is the configuration that the gateway fetched last, from its cache. Only if the cache is empty does the gateway ask the enclaves.',
        schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
        example: CONFIGURATION_SHA256,
      },
    ],
    answers: {
      '200': {
        description: 'The configuration.',
        content: {
          'application/json': { schema: publicConfigurationSchema, examples: { development: CONFIGURATION_EXAMPLE } },
        },
      },
    },
    problems: ['not_found', 'enclave_unavailable'],
  })
  async configuration(@Query('sha256') sha256: unknown, @Res({ passthrough: true }) reply: Reply): Promise<Buffer> {
    if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256)))
      throw new ProblemError('not_found', { detail: 'sha256 is 64 lowercase hexadecimal digits.' });
    reply.header('cache-control', 'no-store');
    const bytes = await this.configurations.get(sha256);
    // A configuration requested by its hash never changes
    if (sha256 !== undefined) reply.header('cache-control', 'public, max-age=31536000, immutable');
    reply.type(JSON_TYPE);
    return Buffer.from(bytes);
  }
}

function readNonce(value: unknown): Uint8Array | undefined {
  if (value === undefined) return undefined;
  if (
    typeof value === 'string' &&
    value.length >= 2 * LIMITS.minNonceBytes &&
    value.length <= 2 * LIMITS.maxNonceBytes &&
    value.length % 2 === 0 &&
    /^[0-9a-fA-F]+$/.test(value)
  ) {
    return fromHex(value);
  }
  throw new ProblemError('nonce_invalid');
}

function viewOf({ document, content }: UnverifiedDocument): AttestationView {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    attestation_document: base64(document),
    pcrs: Object.fromEntries(
      [...content.pcrs]
        .filter(([, value]) => value.some((byte) => byte !== 0))
        .map(([index, value]) => [String(index), toHex(value)]),
    ),
    cabundle: content.cabundle.map(base64),
    module_id: content.moduleId,
    timestamp: content.timestampMs,
  };
}
