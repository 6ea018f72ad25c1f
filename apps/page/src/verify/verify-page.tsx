import { text } from '../text/text';

/** `/verify`: the verdict, the checks, and files to compare with. */
export function VerifyPage() {
  return <h1>{text.value.verify.title}</h1>;
}
