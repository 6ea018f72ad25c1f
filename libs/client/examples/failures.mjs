// These texts tell the person what failed and what to do next. Your own page may use other words; the codes are stable.

/** Advice by the gateway's own code, if error.code is `refused`. */
const REFUSALS = {
  unauthenticated:
    'The token is not valid, or it has expired. Get another one. In the demo: node tools/cli/bin.mjs token',
  rate_limited: 'Too many requests. Wait a minute and try again.',
  not_found:
    'The gateway does not have this message, or another person sent it. Use the token of the person who sent it.',
  user_daily_limit_reached: 'Your budget for today (UTC) is used up. Try again tomorrow.',
  daily_messages_reached: 'You have sent as many messages as one day (UTC) allows. Try again tomorrow.',
  emergency_stop: 'The operator has stopped deliveries. Try again later.',
};

/** Advice by error.code. */
export const ADVICE = {
  policy_invalid:
    'This page is set up wrongly: correct data-gateway, data-pcr0 and data-pcr3 in its HTML. With the demo, start it with: npm run example:browser',
  message_invalid: 'Correct the fields named here and send it again.',
  attestation_refused:
    'Do not use this gateway: it does not prove that it runs the enclave that this page trusts. If you restarted the demo, restart npm run example:browser too.',
  key_binding_invalid: 'Do not use this gateway, and tell its operator: its enclave attests no usable key.',
  custody_refused: 'Do not use this gateway: your policy does not accept how its enclave keeps its keys.',
  configuration_refused:
    'Do not use this gateway, and tell its operator: it serves another configuration than its enclave attests.',
  residence_refused:
    'The enclave requires a proof of residence that this message does not have, or accepts no proofs. The README of the package explains error.reason.',
  residence_unavailable:
    'No proof of residence can be made now; error.reason tells why. Your message was not sent. Try again later.',
  task_invalid: 'Correct the fields named here and ask again.',
  model_refused: 'The enclave offers no model for this task; error.reason tells why. Choose another one.',
  duplicate_not_accepted: 'To send it, accept that an office may get the message twice.',
  kept_invalid:
    'This tab kept its last message for another gateway or version of this page. The message cannot be followed here.',
  token_unavailable: 'Paste an access token. In the demo: node tools/cli/bin.mjs token',
  refused: 'Look the code up in docs/errors.md.',
  answer_invalid: 'Check the address in data-gateway: the server there is not a gateway of this version.',
  receipt_refused: 'Do not believe the status. Note the message id and tell the operator.',
  timeout: 'The gateway still has the message. Follow it again later.',
  aborted: 'The page stopped before this ended.',
};

/** A browser does not tell a page whether a server is absent or refuses the page's origin. */
const UNREACHABLE = (origin) =>
  `The gateway does not answer, or it does not allow this page. Start it (the demo: npm run demo). Any other gateway needs ${origin} in CORS_ORIGINS. Then reload this page.`;

export function adviceFor({ code, problem }, origin) {
  if (code === 'unreachable') return UNREACHABLE(origin);
  return REFUSALS[problem] ?? ADVICE[code];
}

/** The first sentence that the person reads, by whetherSent(error). */
export const SENT = {
  not_sent: 'It was not sent.',
  not_known: 'We do not know yet whether it was sent. Follow it to find out.',
  accepted: 'The gateway has it.',
};
