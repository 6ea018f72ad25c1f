import { DurableFiles } from '../register/durable-files';
import { Registrar, systemWorld } from '../registrar';
import { dyingFileSystem } from './dying-file-system';
import { request } from './made-up';

/** `<folder> <public folder> <changes>`: registers a person and publishes, until SIGKILL ends it after this number of changes to files. */
const [folder = '', site = '', changes = ''] = process.argv.slice(2);
const fs = dyingFileSystem(Number(changes), () => {
  process.kill(process.pid, 'SIGKILL');
  // The signal is delivered before the call returns to JavaScript, or soon after.
  for (;;);
});
using registrar = Registrar.open(folder, { ...systemWorld('a spec'), files: new DurableFiles(fs) });
registrar.add([request('2', 2, { district: registrar.registrationOf('1').district })], null);
registrar.publish(site);
