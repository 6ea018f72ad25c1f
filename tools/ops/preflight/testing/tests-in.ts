import ts from 'typescript';

export interface WrittenTest {
  /** The title after the titles of its describes, as in `a > b`. A title of `.each` keeps its placeholders. */
  readonly title: string;
  /** The source of the whole call, with the table of `.each`. */
  readonly source: string;
}

/** Returns the tests in a spec's source, without running it. */
export function testsIn(source: string): WrittenTest[] {
  const file = ts.createSourceFile('a.spec.ts', source, ts.ScriptTarget.Latest, true);
  const found: WrittenTest[] = [];
  const visit = (node: ts.Node, around: readonly string[]): void => {
    let titles = around;
    if (ts.isCallExpression(node)) {
      const called = /^(it\b|describe)/.exec(node.expression.getText())?.[1];
      // The title is the second argument of describeWith and describeWithJudge.
      const title = node.arguments.slice(0, 2).find(ts.isStringLiteralLike);
      if (called !== undefined && title !== undefined) {
        titles = [...around, title.text];
        if (called === 'it') found.push({ title: titles.join(' > '), source: node.getText() });
      }
    }
    ts.forEachChild(node, (child) => {
      visit(child, titles);
    });
  };
  visit(file, []);
  return found;
}
