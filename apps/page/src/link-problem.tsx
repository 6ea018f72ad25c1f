import { linkProblem } from './link';
import { fill, text } from './text/text';
import { Card } from './ui/card';

/** Shows why the campaign link was not used; renders nothing if it was used. */
export function LinkProblem() {
  const problem = linkProblem.value;
  if (problem === undefined) return null;
  const words = text.value.link;
  return (
    <Card tone="bad">
      <p role="alert">
        {fill(words.problems[problem.kind], { parameter: problem.parameter ?? '' })} {words.askAgain}
      </p>
    </Card>
  );
}
