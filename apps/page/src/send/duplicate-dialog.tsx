import type { DuplicateRisk } from '@communique-tee/client';
import { chamberName } from '../text/chamber-name';
import { fill, locale, text } from '../text/text';
import { QuestionDialog } from '../ui/question-dialog';
import type { Question } from './create-sending';

/**
 * Asks the person, before a step after which an office may get the message twice.
 * @param proven whether the message has a proof: the service accepts only one such message from each person
 */
export function DuplicateDialog({ question, proven }: { readonly question: Question; readonly proven: boolean }) {
  const { duplicate } = text.value.send;
  const { risk, answer } = question;
  const isProvenAgain = proven && risk.when === 'sending_again';
  return (
    <QuestionDialog
      title={isProvenAgain ? duplicate.provenTitle : duplicate.title}
      no={duplicate.no[risk.when]}
      yes={duplicate.yes[risk.when]}
      onAnswer={answer}
    >
      {isProvenAgain && <p>{duplicate.sending_proven_again}</p>}
      {risk.chambers.length > 0 && <p>{fill(duplicate[risk.when], { chambers: chamberNames(risk) })}</p>}
    </QuestionDialog>
  );
}

function chamberNames({ chambers }: DuplicateRisk): string {
  const names = chambers.map(chamberName);
  return new Intl.ListFormat(locale.value, { type: 'disjunction' }).format(names);
}
