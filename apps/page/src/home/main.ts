import { byId } from '../elements';
import { look } from './look';
import { setUpMeasurements } from './measurement-form';
import { serverWords } from './server-words';
import type { Trust } from './trust';
import { setUpWriting } from './write';

const trust: Trust = { accepted: undefined, developmentRootPem: undefined, verified: undefined };
const words = serverWords();
const lookAgain = () => {
  void look(trust, words);
};

byId('no-script').hidden = true;
byId('app').hidden = false;
setUpMeasurements(trust, words, lookAgain);
setUpWriting(trust);
byId('again').addEventListener('click', lookAgain);
byId('development-use').addEventListener('click', () => {
  void words.then((said) => {
    trust.developmentRootPem = said?.developmentRootPem ?? undefined;
    lookAgain();
    byId('verdict').focus();
  });
});
byId('development-leave').addEventListener('click', () => {
  trust.developmentRootPem = undefined;
  lookAgain();
});
lookAgain();
