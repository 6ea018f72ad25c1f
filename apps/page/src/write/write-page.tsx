import { text } from '../text/text';

/** `/`: address, message, review and send. */
export function WritePage() {
  const { write } = text.value;
  return (
    <>
      <h1>{write.title}</h1>
      <p class="lead">{write.lead}</p>
    </>
  );
}
