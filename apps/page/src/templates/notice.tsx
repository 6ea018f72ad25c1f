import { text } from '../text/text';
import { Button } from '../ui/button';
import { Card } from '../ui/card';
import { absence, loadPublished, published } from './published';

/** Shows a notice while the template that the link names is not available. */
export function TemplateNotice() {
  const words = text.value.write.templates;
  const list = published.value;
  switch (absence.value) {
    case undefined:
      return null;
    case 'loading':
      return <p role="status">{words.loading}</p>;
    case 'missing':
      return (
        <Card tone="open">
          <p role="alert">
            {words.missing} {list.kind === 'here' && list.templates.length > 0 ? words.chooseAnother : words.ownWords}
          </p>
        </Card>
      );
    case 'failed':
      return (
        <Card tone="open">
          <p role="alert">
            {words.failed} {words.ownWords}
          </p>
          <Button
            kind="quiet"
            onClick={() => {
              void loadPublished();
            }}
          >
            {words.again}
          </Button>
        </Card>
      );
  }
}
