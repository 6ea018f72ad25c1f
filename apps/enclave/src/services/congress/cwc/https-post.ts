import { type Egress, type HttpsAnswer, type HttpsPost, httpsPost as post } from '../../../egress';

export type CongressPost = Omit<HttpsPost, 'headers' | 'maxAnswerBytes'> & { contentType: string };

/** What explains a refusal; the status alone decides (judge-answer.ts), so that an answer that was cut is still one. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** @throws HttpsError */
export function httpsPost(egress: Egress, { contentType, ...request }: CongressPost): Promise<HttpsAnswer> {
  const headers = { 'content-type': contentType, accept: 'application/xml, text/xml, */*;q=0.1' };
  return post(egress, { ...request, headers, maxAnswerBytes: MAX_ANSWER_BYTES });
}
