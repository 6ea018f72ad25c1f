import {
  decodeJson,
  type ManagedTemplate,
  type ManagedTemplateList,
  managedTemplateListSchema,
  managedTemplateSchema,
  MESSAGE_ID_PATTERN,
  newTemplateRunSchema,
  newTemplateSchema,
  parseNewTemplate,
  parseNewTemplateRun,
  parseTemplateChange,
  templateChangeSchema,
  templateListSchema,
  type TemplateResult,
  type TemplateRuns,
  templateRunsSchema,
} from '@communique-tee/protocol';
import { Controller, Get, Headers, HttpCode, Param, Patch, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DATABASE_PROBLEMS } from '../../core/database/database';
import { ProblemError } from '../../core/problems/problem-error';
import type { Parameter, Tag } from '../../core/routing/operation';
import { RateLimit } from '../../core/routing/rate-limit.decorator';
import { RawBody } from '../../core/routing/raw-body';
import { type Conditions, sendRepresentation } from '../../core/routing/representation';
import { Operation } from '../../core/routing/route-policy';
import { Logger } from '../../core/telemetry/logger';
import { AdminScope } from '../auth/admin-scope';
import { Caller, type CallerIdentity } from '../auth/caller';
import { PublishedList } from './published-list';
import { CHANGE, DRAFT, exampleNewTemplate, MANAGED, NEW_RUN, PUBLISHED, RUNS } from './template-examples';
import { TemplateRunStore } from './template-runs';
import { TemplateStore } from './template-store';

const TEMPLATES: Tag = {
  name: 'Templates',
  description: 'Public texts of campaigns, which a message can start from.',
};
const TEMPLATE_ID: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The id of the template.',
  schema: { type: 'string', format: 'uuid', pattern: MESSAGE_ID_PATTERN.source },
  example: '1b4e28ba-2fa1-41d2-883f-0016d3cca427',
};
/** A template with the largest value in each field has about 50 KiB. */
const MAX_BODY_BYTES = 128 * 1024;
const BODY_PROBLEMS = ['malformed_body', 'body_too_large', 'unsupported_media_type'] as const;

@Controller('api')
export class TemplatesController {
  constructor(
    private readonly store: TemplateStore,
    private readonly runs: TemplateRunStore,
    private readonly list: PublishedList,
    private readonly logger: Logger,
  ) {}

  @Get('templates')
  @RateLimit('api')
  @Operation({
    id: 'listTemplates',
    tag: TEMPLATES,
    summary: 'Get every published template',
    description:
      'The whole list: at most 200 templates and 512 KiB. The client chooses from it locally. No public route names a single template, so the gateway does not learn for which campaign a person is about to write. The answer has a strong ETag, and is compressed if the client accepts gzip. A request with `If-None-Match` gets 304 while the list has not changed.',
    answers: {
      '200': {
        description: 'The list.',
        content: { 'application/json': { schema: templateListSchema, examples: { list: PUBLISHED } } },
        headers: {
          ETag: 'A strong validator of these bytes.',
          'Cache-Control': 'May be cached for a minute, also by shared caches.',
        },
      },
    },
    problems: [...DATABASE_PROBLEMS],
  })
  async published(@Headers() asked: Conditions, @Res() reply: FastifyReply): Promise<void> {
    const list = await this.list.get();
    void reply.headers({ 'cache-control': 'public, max-age=60', vary: 'Accept-Encoding' });
    sendRepresentation(reply, list, asked);
  }

  @Get('admin/templates')
  @AdminScope()
  @RateLimit('api')
  @Operation({
    id: 'listManagedTemplates',
    tag: TEMPLATES,
    summary: 'List the templates in every status',
    description: 'The most recently changed first, at most 500, with their moderation, original text and change log.',
    answers: {
      '200': {
        description: 'The list.',
        content: { 'application/json': { schema: managedTemplateListSchema, examples: { list: MANAGED } } },
      },
    },
    problems: [...DATABASE_PROBLEMS],
  })
  async managed(): Promise<ManagedTemplateList> {
    return { templates: await this.store.all() };
  }

  @Get('admin/templates/:id/runs')
  @AdminScope()
  @RateLimit('api')
  @Operation({
    id: 'listTemplateRuns',
    tag: TEMPLATES,
    summary: 'List the tasks for models of a template, and their cost',
    description: 'Each attempt at a provider with its signed usage statement, and the cost by provider and model.',
    parameters: [TEMPLATE_ID],
    answers: {
      '200': {
        description: 'The attempts.',
        content: { 'application/json': { schema: templateRunsSchema, examples: { runs: RUNS } } },
      },
    },
    problems: [...DATABASE_PROBLEMS, 'not_found'],
  })
  async runsOf(@Param('id') id: string): Promise<TemplateRuns> {
    return this.runs.of(templateIdOf(id));
  }

  @Post('admin/templates/:id/runs')
  @HttpCode(200)
  @AdminScope()
  @RateLimit('api')
  @Operation({
    id: 'createTemplateRun',
    tag: TEMPLATES,
    summary: 'Record a task for a model under a template',
    description:
      'The task must belong to the caller, and must have ended with a verified usage statement. The gateway copies tokens and cost from that statement. Only the kind of task comes from the caller, because the gateway cannot open the task. Recording the same task again has no effect.',
    parameters: [TEMPLATE_ID],
    body: { 'application/json': { schema: newTemplateRunSchema, examples: { run: NEW_RUN } } },
    answers: {
      '200': {
        description: 'All attempts of the template.',
        content: { 'application/json': { schema: templateRunsSchema, examples: { runs: RUNS } } },
      },
    },
    problems: [...DATABASE_PROBLEMS, ...BODY_PROBLEMS, 'not_found', 'message_id_taken', 'templates_full'],
  })
  async record(
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
    @Req() { body }: FastifyRequest,
  ): Promise<TemplateRuns> {
    const run = read(body, parseNewTemplateRun);
    const runs = await this.runs.record(templateIdOf(id), run, caller.owner);
    this.logger.info({ templateId: id, messageId: run.requestId }, 'task recorded for a template');
    return runs;
  }

  @Post('templates')
  @HttpCode(201)
  @AdminScope()
  @RateLimit('api')
  @Operation({
    id: 'createTemplate',
    tag: TEMPLATES,
    summary: 'Add a template as a draft',
    description: 'Only administrators see a draft. Publish it with `updateTemplate`.',
    body: { 'application/json': { schema: newTemplateSchema, examples: { template: exampleNewTemplate } } },
    answers: {
      '201': {
        description: 'The draft.',
        content: { 'application/json': { schema: managedTemplateSchema, examples: { draft: DRAFT } } },
        links: {
          change: {
            operationId: 'updateTemplate',
            parameters: { id: '$response.body#/id' },
            description: 'Change or publish it.',
          },
        },
      },
    },
    problems: [...DATABASE_PROBLEMS, ...BODY_PROBLEMS, 'slug_taken', 'templates_full', 'campaign_note_invalid'],
  })
  async add(@Caller() caller: CallerIdentity, @Req() { body }: FastifyRequest): Promise<ManagedTemplate> {
    const template = await this.store.add(read(body, parseNewTemplate), caller.owner);
    this.wasWritten(template, 'template added');
    return template;
  }

  @Patch('templates/:id')
  @AdminScope()
  @RateLimit('api')
  @Operation({
    id: 'updateTemplate',
    tag: TEMPLATES,
    summary: 'Change, publish or archive a template',
    description:
      'Each given member replaces the whole stored member; the others do not change. `version` is the version that the caller read. If the template has been changed since, the gateway refuses the request (`template_changed`). The gateway does not publish a flagged template. If every message needs a proof of residence, it does not publish a template without a campaign note either (`template_not_publishable`).',
    parameters: [TEMPLATE_ID],
    body: { 'application/json': { schema: templateChangeSchema, examples: { publish: CHANGE } } },
    answers: {
      '200': {
        description: 'The current template.',
        content: { 'application/json': { schema: managedTemplateSchema, examples: { draft: DRAFT } } },
      },
    },
    problems: [
      ...DATABASE_PROBLEMS,
      ...BODY_PROBLEMS,
      'not_found',
      'template_changed',
      'templates_full',
      'template_not_publishable',
      'campaign_note_invalid',
    ],
  })
  async change(
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
    @Req() { body }: FastifyRequest,
  ): Promise<ManagedTemplate> {
    const change = read(body, parseTemplateChange);
    const template = await this.store.change(templateIdOf(id), change, caller.owner);
    this.wasWritten(template, 'template changed');
    return template;
  }

  private wasWritten({ id, status, version }: ManagedTemplate, event: string): void {
    this.list.forget();
    this.logger.info({ templateId: id, state: status, version: String(version) }, event);
  }
}

/** @throws ProblemError `not_found`: the text is no template id */
function templateIdOf(id: string): string {
  if (!MESSAGE_ID_PATTERN.test(id)) throw new ProblemError('not_found');
  return id;
}

/** @throws ProblemError `malformed_body` with the fields that are wrong | `body_too_large` | `unsupported_media_type` */
function read<Value>(body: unknown, parse: (value: unknown) => TemplateResult<Value>): Value {
  if (!(body instanceof RawBody) || body.mediaType !== 'application/json')
    throw new ProblemError('unsupported_media_type', { detail: 'Send application/json.' });
  if (body.bytes.length > MAX_BODY_BYTES) throw new ProblemError('body_too_large');
  const parsed = parse(decodeJson(body.bytes));
  if (!parsed.ok) throw new ProblemError('malformed_body', { errors: parsed.problems });
  return parsed.value;
}
