import { published, started } from '../templates/published';
import { chamberName } from '../text/chamber-name';
import { CHAMBER_KEYS } from '@communique-tee/protocol';
import { fill, locale, text } from '../text/text';
import { Button } from '../ui/button';
import { Details } from '../ui/details';
import { putBack, replaceBy, replaced } from './template';

/** At the beginning of step 2, names the campaign's text from which the message starts, and offers other texts. */
export function TemplatePlace() {
  const words = text.value.write.templates;
  const list = published.value;
  const template = started.value;
  if (list.kind !== 'here' || list.templates.length === 0) return null;
  const { Chooser } = list.part;
  return (
    <>
      {template !== undefined && <p class="note">{fill(words.started, { title: template.title })}</p>}
      <div role="status">
        {replaced.value !== undefined && (
          <p class="note">
            {words.replaced}{' '}
            <Button kind="text" onClick={putBack}>
              {words.putBack}
            </Button>
          </p>
        )}
      </div>
      <Details summary={fill(words.title, { count: list.templates.length })}>
        <Chooser
          templates={list.templates}
          chosen={template?.slug}
          onChoose={(chosen) => {
            replaceBy(chosen, template);
          }}
        />
      </Details>
    </>
  );
}

/** In step 1, tells the person from which text the message starts, and for which chambers that text was written. */
export function TemplateLead() {
  const words = text.value.write.templates;
  const template = started.value;
  if (template === undefined) return null;
  const { title, officeScope } = template;
  const chambers = new Intl.ListFormat(locale.value, { type: 'conjunction' }).format(officeScope.map(chamberName));
  return (
    <p class="note">
      {fill(words.lead, { title })}
      {officeScope.length < CHAMBER_KEYS.length && ` ${fill(words.scope, { chambers })}`}
    </p>
  );
}
