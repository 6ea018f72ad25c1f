import { GATEWAY_HELP } from '../options';
import { TOKEN_HELP } from '../arguments/token';
import { TRUST_HELP } from '../trust';
import { STATE_HELP } from '../kept-messages';

export const help = `Sends a message to Congress: checks it, verifies the enclave, seals the message to its key, posts it to a gateway that cannot read it.

  npx communique-tee send --message <file.json> --pcr0 <hex> [options]
  npx communique-tee send --again <id> [--message <file.json>]

  --message <file>    JSON in the shape of docs/message.md; docs/examples/message.json is one
  --lifetime <seconds>  how long it may wait for delivery; default a day, at most seven
  --wait[=seconds]    follows it to its end, or for so many seconds, and verifies its receipt as status does
  --again <id>        posts once more, where it was not clear whether the gateway has it: the same bytes, which are taken once.
                      With --message, where it ended as key_retired: seals it to the enclave's new key under the same id, so
                      that no office gets it twice
${GATEWAY_HELP}${TOKEN_HELP}  --json              prints one JSON object; steps go to standard error in any case

What opens the enclave's answer is made here and kept here, before anything is posted, in a file that its owner alone can read:
the sealed bytes, the key to the answer, the secret that the DeliveryIds are made under, the gateway, and whom you trusted. Of the
message nothing but its sealed form.
${STATE_HELP}
${TRUST_HELP}
Exit code
  0  the gateway has it; with --wait: delivered, the receipt says so for every office
  1  refused: the enclave is not one that you trust, the gateway will not take it, or (--wait) it ended otherwise
  2  not understood: the arguments, the message, the token
  3  the gateway could not be reached; where the message may have been posted, --again is safe
  4  (--wait) still on its way

Examples
  npx communique-tee send --message docs/examples/message.json --pcr0 <hex> --token-file token --wait
  COMMUNIQUE_TOKEN=... npx communique-tee send --message letter.json --pcr0 <hex> --gateway https://communique.example.org --json
`;
