import type { Template } from '@communique-tee/protocol';
import { useState } from 'preact/hooks';
import { fill, language, nameOfLanguage, text } from '../text/text';
import { Button } from '../ui/button';
import { SelectField, TextField } from '../ui/field';
import { languagesOf, matching } from './matching';

export interface ChooserProps {
  readonly templates: readonly Template[];
  /** The template that the message now starts from. */
  readonly chosen: string | undefined;
  readonly onChoose: (template: Template) => void;
}

/** Lets the person search the published templates and start from one. Searching sends no request. */
export function Chooser({ templates, chosen, onChoose }: ChooserProps) {
  const { write, topics: names } = text.value;
  const words = write.templates;
  const languages = languagesOf(templates);
  const [search, setSearch] = useState({
    words: '',
    language: languages.includes(language.value) ? language.value : '',
  });
  const shown = matching(templates, search, (topic) => names[topic]);
  return (
    <>
      <div class="fields">
        <TextField
          id="template-search"
          label={words.search}
          value={search.words}
          width={languages.length > 1 ? 'half' : undefined}
          required
          onInput={(typed) => {
            setSearch({ ...search, words: typed });
          }}
        />
        {languages.length > 1 && (
          <SelectField
            id="template-language"
            label={words.language}
            width="half"
            required
            value={search.language}
            options={[
              { value: '', label: words.allLanguages },
              ...languages.map((code) => ({ value: code, label: nameOfLanguage(code) })),
            ]}
            onInput={(code) => {
              setSearch({ ...search, language: code });
            }}
          />
        )}
      </div>
      <p class="hint" role="status">
        {shown.length === 0 ? words.noMatch : fill(words.found, { count: shown.length })}
      </p>
      <ul class="plain templates">
        {shown.map((template) => (
          <li key={template.id} lang={template.language}>
            <Entry template={template} isChosen={template.slug === chosen} onChoose={onChoose} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Entry({
  template,
  isChosen,
  onChoose,
}: {
  readonly template: Template;
  readonly isChosen: boolean;
  readonly onChoose: (template: Template) => void;
}) {
  const words = text.value.write.templates;
  const { title, description, category, subject, body, sources } = template;
  const here = language.value;
  return (
    <article>
      {category !== null && <p class="hint">{category}</p>}
      <h3>{title}</h3>
      {description !== null && <p>{description}</p>}
      <details>
        <summary lang={here}>{fill(words.read, { title })}</summary>
        <div class="details-content">
          <p>
            <strong>{subject}</strong>
          </p>
          <p class="letter">{body}</p>
          {sources.length > 0 && (
            <>
              <p lang={here}>{words.sources}</p>
              <ul>
                {sources.map(({ title: name, url }) => (
                  <li key={url}>
                    <a href={url} target="_blank" rel="noopener noreferrer">
                      {name}
                    </a>
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      </details>
      <p lang={here}>
        {isChosen ? (
          words.chosen
        ) : (
          <Button
            kind="quiet"
            label={fill(words.useOf, { title })}
            onClick={() => {
              onChoose(template);
            }}
          >
            {words.use}
          </Button>
        )}
      </p>
    </article>
  );
}
